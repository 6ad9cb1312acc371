import type { FactKind } from './fact-kind.ts';

/** Where the facts of a kind are, for operators. */
export function describeOrigin({ from }: FactKind): string {
  switch (from?.type) {
    case 'sql':
      return `SQL source ${from.query.source}`;
    case 'http':
      return `HTTP source ${from.source}`;
    case undefined:
      return 'pushed';
  }
}

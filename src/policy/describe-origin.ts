import type { FactKind } from './fact-kind.ts';

/** Describes the source of the facts of a kind, for operators. */
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

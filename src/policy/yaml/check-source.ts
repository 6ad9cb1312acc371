import type { SourcePolicy } from '../policy.ts';
import type { Path } from './read-document.ts';
import type { Report } from './report.ts';

export interface SourceContext {
  readonly sources: ReadonlyMap<string, SourcePolicy>;
  readonly report: Report;
}

/** Reports the name of a source that the policy does not declare. `at` is the place of the mapping with the key `source`. */
export function checkSource(name: string, at: Path, { sources, report }: SourceContext): void {
  if (sources.has(name)) return;
  report.unknown([...at, 'source'], { what: 'source', name, known: [...sources.keys()] }, 'value');
}

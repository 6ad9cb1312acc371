import type { FactKind } from '../fact-kind.ts';
import { reservedPaths } from '../reserved-paths.ts';
import type { PolicyDocument } from './policy-document.ts';
import { shapeOfPath } from './raw.ts';
import type { Path } from './read-document.ts';
import type { Report } from './report.ts';

type Source = Pick<PolicyDocument, 'facts' | 'routes' | 'doors'> & { readonly report: Report };

/** A path that a policy declares. */
interface DeclaredPath {
  readonly at: Path;
  readonly path: string;
}

/** A path that is in use already. */
interface TakenPath {
  readonly path: string;
  /** Such as `Usher`. */
  readonly owner: string;
}

/**
 * Reports paths that are the same: a server with two routes of one path would not start, and with two kinds of facts of one path a fact
 * would be stored as one of the other kind.
 */
export function checkPaths(sources: readonly Source[], kindsOfModules: readonly FactKind[]): void {
  const ofModules = kindsOfModules.flatMap(({ name, path }) =>
    path === undefined ? [] : { path, owner: `the fact ${name}` },
  );
  const ofUsher = reservedPaths.map((path) => ({ path, owner: 'Usher' }));
  checkEach(sources, pathsOfFacts, ofModules);
  checkEach(sources, ({ routes }) => routes, ofUsher);
  checkEach(sources, ({ doors }) => doors, ofUsher);
}

const pathsOfFacts = ({ facts }: Source): readonly DeclaredPath[] =>
  facts.flatMap(({ at, path }) => (path === undefined ? [] : { at: [...at, 'path'], path }));

function checkEach(
  sources: readonly Source[],
  pathsOf: (source: Source) => readonly DeclaredPath[],
  taken: readonly TakenPath[],
): void {
  const first = new Map(taken.map(({ path, owner }) => [shapeOfPath(path), `${path} of ${owner}`]));
  for (const source of sources) {
    for (const { at, path } of pathsOf(source)) {
      const other = first.get(shapeOfPath(path));
      if (other === undefined) first.set(shapeOfPath(path), path);
      // A key with the same text in another file is reported as such.
      else if (other !== path || at.at(-1) !== path) {
        source.report.at(at, `${path} is the same path as ${other}`, 'key');
      }
    }
  }
}

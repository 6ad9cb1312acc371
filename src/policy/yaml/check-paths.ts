import type { FactKind } from '../fact-kind.ts';
import { reservedPaths } from '../reserved-paths.ts';
import type { ReportedDocument } from './merge-declarations.ts';
import { shapeOfPath } from './raw.ts';
import type { Path } from './read-document.ts';

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
export function checkPaths(
  documents: readonly ReportedDocument[],
  kindsOfModules: readonly FactKind[],
): void {
  const ofModules = kindsOfModules.flatMap(({ name, path }) =>
    path === undefined ? [] : { path, owner: `the fact ${name}` },
  );
  const ofUsher = reservedPaths.map((path) => ({ path, owner: 'Usher' }));
  checkEach(documents, pathsOfFacts, ofModules);
  checkEach(documents, ({ routes }) => routes, ofUsher);
  checkEach(documents, ({ doors }) => doors, ofUsher);
}

const pathsOfFacts = ({ facts }: ReportedDocument): readonly DeclaredPath[] =>
  facts.flatMap(({ at, path }) => (path === undefined ? [] : { at: [...at, 'path'], path }));

function checkEach(
  documents: readonly ReportedDocument[],
  pathsOf: (document: ReportedDocument) => readonly DeclaredPath[],
  taken: readonly TakenPath[],
): void {
  const first = new Map(taken.map(({ path, owner }) => [shapeOfPath(path), `${path} of ${owner}`]));
  for (const document of documents) {
    for (const { at, path } of pathsOf(document)) {
      const other = first.get(shapeOfPath(path));
      if (other === undefined) first.set(shapeOfPath(path), path);
      // A key with the same text in another file is reported as such.
      else if (other !== path || at.at(-1) !== path) {
        document.report.at(at, `${path} is the same path as ${other}`, 'key');
      }
    }
  }
}

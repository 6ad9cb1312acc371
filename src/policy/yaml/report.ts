import type { Place } from '../policy.ts';
import { orderProblems, type Problem } from './problem.ts';
import type { Locator, Part, Path } from './read-document.ts';
import { hint, withArticle } from './schema-error.ts';

/** Collects the problems of one file. */
export interface Report {
  /** Adds a problem at this value, or at its key. */
  readonly at: (path: Path, message: string, part?: Part) => void;
  /** Adds a problem at a character of a text, such as an expression. */
  readonly in: (path: Path, offset: number, message: string) => void;
  /** Adds the problem of a name that is not declared, with the nearest one that is, or those that are. */
  readonly unknown: (path: Path, unknown: Unknown, part?: Part) => void;
  /** Runs a function that throws an `Error` with a message for users, and reports it at this key. */
  readonly attempt: <T>(path: Path, run: () => T) => T | undefined;
  /** The place of this value. */
  readonly place: (path: Path) => Place;
  /** The place of this key, or of a character of this text, as `FILE:LINE:COLUMN`. */
  readonly placeText: (path: Path, offset?: number) => string;
  readonly count: () => number;
  readonly problems: () => readonly Problem[];
}

interface Unknown {
  readonly what: string;
  readonly name: string;
  readonly known: readonly string[];
}

export function createReport(file: string, locator: Locator): Report {
  const problems: Problem[] = [];
  const at: Report['at'] = (path, message, part) => {
    problems.push({ file, ...locator.locate(path, part), message });
  };
  return {
    at,
    in: (path, offset, message) => {
      problems.push({ file, ...locator.locateIn(path, offset), message });
    },
    unknown: (path, { what, name, known }, part = 'key') => {
      at(path, `${name} is not ${withArticle(what)}; ${hint(name, known)}`, part);
    },
    attempt: (path, run) => {
      try {
        return run();
      } catch (error) {
        if (!(error instanceof Error)) throw error;
        at(path, error.message, 'key');
        return undefined;
      }
    },
    place: (path) => ({ file, line: locator.locate(path).line }),
    placeText: (path, offset) => {
      const { line, column } =
        offset === undefined ? locator.locate(path, 'key') : locator.locateIn(path, offset);
      return `${file}:${line}:${column}`;
    },
    count: () => problems.length,
    problems: () => orderProblems(problems),
  };
}

/** A place in a file. Both count from 1; a column is a UTF-16 code unit, as editors count. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A problem of a file, and its place. */
export interface Problem extends Position {
  /** The name of the file, as it was given. */
  readonly file: string;
  readonly message: string;
}

/** The maximum number of problems of a file that are reported. */
const maxProblems = 20;

/** `FILE:LINE:COLUMN: message`, on one line. */
export const formatProblem = ({ file, line, column, message }: Problem): string =>
  `${file}:${line}:${column}: ${message}`;

/** Sorts the problems of a file by their place, and counts those beyond `maxProblems` in one last problem. */
export function orderProblems(problems: readonly Problem[]): readonly Problem[] {
  const unique = new Map(problems.map((problem) => [formatProblem(problem), problem]));
  const sorted = [...unique.values()].sort((a, b) => a.line - b.line || a.column - b.column);
  const [next, ...others] = sorted.slice(maxProblems);
  if (next === undefined) return sorted;
  const message = `${others.length + 1} more problems from here on`;
  return [...sorted.slice(0, maxProblems), { ...next, message }];
}

/** Text of a file in a message: shortened, on one line, with every character visible. */
export function quote(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return short.replaceAll(
    /[^\P{C}]|[\p{Zl}\p{Zp}]/gu,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

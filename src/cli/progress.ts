/** Shows the progress of a command on a terminal. */
export interface Progress {
  /** Replaces the shown text, at most ten times a second. */
  readonly show: (text: string) => void;
  /** Removes the shown text, before the result is printed. */
  readonly clear: () => void;
}

/** A stream such as standard error. */
interface Terminal {
  readonly isTTY?: boolean | undefined;
  readonly columns?: number | undefined;
  readonly write: (text: string) => unknown;
}

const minIntervalMs = 100;
const defaultColumns = 80;

/** Moves to the start of the line, and erases the line. */
const eraseLine = '\r\u001b[2K';

/** Writes one line, which the next text replaces. Nothing is written to a file or a pipe, because a log would contain each text. */
export function createProgress(
  { isTTY = false, columns = defaultColumns, write }: Terminal,
  now: () => number,
): Progress {
  if (!isTTY) return { show: () => undefined, clear: () => undefined };
  let shownAt: number | undefined;
  return {
    show: (text) => {
      const time = now();
      if (shownAt !== undefined && time - shownAt < minIntervalMs) return;
      shownAt = time;
      // A line that wraps would leave its first part on the terminal.
      write(eraseLine + text.slice(0, columns - 1));
    },
    clear: () => {
      if (shownAt !== undefined) write(eraseLine);
      shownAt = undefined;
    },
  };
}

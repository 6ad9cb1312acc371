import { createProgress } from '../src/cli/progress.ts';

const intervalMs = 1_000;

/** Shows on a terminal what is measured and for how long, until the returned function is called. Anything else gets one line. */
export function showElapsed(what: string): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) stderr.write(`${what}\n`);
  const progress = createProgress(
    { isTTY: stderr.isTTY, columns: stderr.columns, write: (text) => stderr.write(text) },
    () => performance.now(),
  );
  const begun = performance.now();
  const show = (): void => {
    progress.show(`${what}: ${((performance.now() - begun) / 1000).toFixed(0)} s`);
  };
  show();
  const timer = setInterval(show, intervalMs);
  return () => {
    clearInterval(timer);
    progress.clear();
  };
}

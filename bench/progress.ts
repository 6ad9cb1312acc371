import { createProgress } from '../src/cli/progress.ts';

const intervalMs = 1_000;

/** Shows a label and the elapsed seconds on a terminal until the returned function is called. Without a terminal it prints the label once. */
export function showElapsed(label: string): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) stderr.write(`${label}\n`);
  const progress = createProgress(
    { isTTY: stderr.isTTY, columns: stderr.columns, write: (text) => stderr.write(text) },
    () => performance.now(),
  );
  const started = performance.now();
  const show = (): void => {
    progress.show(`${label}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
  };
  show();
  const timer = setInterval(show, intervalMs);
  return () => {
    clearInterval(timer);
    progress.clear();
  };
}

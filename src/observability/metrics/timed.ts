/** Runs a use case, and reports its duration in milliseconds, and its error if it failed. */
export async function timed<T>(
  run: () => Promise<T>,
  onEnd: (ms: number, error?: unknown) => void,
): Promise<T> {
  const start = performance.now();
  try {
    const result = await run();
    onEnd(performance.now() - start);
    return result;
  } catch (error) {
    onEnd(performance.now() - start, error);
    throw error;
  }
}

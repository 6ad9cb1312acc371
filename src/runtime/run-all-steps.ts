/**
 * Runs all steps in order, even after one has failed, and then throws the first error. Otherwise a failed step would
 * leave the rest running.
 */
export async function runAllSteps(steps: readonly (() => unknown)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

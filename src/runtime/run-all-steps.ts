/** Runs all steps in order, also those after one that failed, and then throws the first error: what was started must end. */
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

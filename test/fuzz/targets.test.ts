import { expect, it } from 'vitest';
import { parserTargets } from './targets.ts';

/** The same inputs in each run: a new failure is caused by the change under test. `npm run fuzz` generates others. */
const seed = 1;

it.each(parserTargets)('$name holds for generated input', async ({ run }) => {
  const { failure } = await run({ seed, runs: 500 });
  expect(failure).toBeUndefined();
});

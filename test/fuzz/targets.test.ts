import { randomInt } from 'node:crypto';
import { expect, it } from 'vitest';
import { parserTargets } from './targets.ts';

it.each(parserTargets)('whatever is written, what must hold of $name does', async ({ run }) => {
  const { failure } = await run({ seed: randomInt(2 ** 31), runs: 500 });
  expect(failure).toBeUndefined();
});

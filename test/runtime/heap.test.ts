import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);

const churn = fileURLToPath(new URL('../support/churn.ts', import.meta.url));

async function growthOf(manner: 'bounded' | 'as it is'): Promise<number> {
  const { stdout } = await run(process.execPath, ['--import', 'tsx', churn, manner]);
  const { living, largest } = JSON.parse(stdout) as { living: number; largest: number };
  return largest - living;
}

describe('a bounded heap', () => {
  it('contains far less garbage than with the defaults of V8', async () => {
    // V8 decides differently from run to run when to collect garbage.
    const growths = [1, 2, 3].map(() => growthOf('as it is'));
    const growth = Math.max(...(await Promise.all(growths)));
    expect(await growthOf('bounded')).toBeLessThan(0.7 * growth);
  }, 240_000);
});

import { expect, it } from 'vitest';
import type { Deduplicate, DeduplicationLease } from '../../src/pusher/webhooks/deduplicate.ts';

/** Starts with a key that is not in use. */
export async function startLease(
  beginOnce: Deduplicate,
  text: string,
): Promise<DeduplicationLease> {
  const turn = await beginOnce(text);
  if (typeof turn === 'string') throw new Error(`${text} is ${turn}`);
  return turn;
}

/** Tests of every implementation of `Deduplicate`; `now` is its clock, real or of a test. */
export function beginOnceContract(beginOnce: () => Deduplicate, now: () => number): void {
  const later = () => now() + 60_000;
  const complete = async (text: string) => (await startLease(beginOnce(), text)).finish(later());

  it('processes each text once', async () => {
    await complete('a');
    await complete('b');
    expect(await beginOnce()('a')).toBe('done');
    expect(await beginOnce()('a')).toBe('done');
  });

  it('leases the task to one of many concurrent callers', async () => {
    const turns = await Promise.all(Array.from({ length: 20 }, () => beginOnce()('many')));
    expect(turns.filter((turn) => typeof turn !== 'string')).toHaveLength(1);
    expect(turns.filter((turn) => turn === 'under-way')).toHaveLength(19);
  });

  it('leases the task again after a failure', async () => {
    const turn = await startLease(beginOnce(), 'failing');
    expect(await beginOnce()('failing')).toBe('under-way');
    await turn.release();
    const second = await startLease(beginOnce(), 'failing');
    // The first lease is over, and has no effect any more.
    await turn.release();
    expect(await beginOnce()('failing')).toBe('under-way');
    await second.finish(later());
    await second.release();
    expect(await beginOnce()('failing')).toBe('done');
  });

  it('distinguishes similar keys', async () => {
    for (const text of ['', '__proto__', 'a b', '\u0000', '👩‍🚀']) {
      await complete(text);
      expect(await beginOnce()(text)).toBe('done');
    }
  });
}

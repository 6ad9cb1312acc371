import { describe, expect, it } from 'vitest';
import { authorizeChannels } from '../../src/authorize/authorize-channels.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import type { FindFact } from '../../src/policy/fact-kind.ts';
import { findByKind } from '../support/shipped-policy.ts';
import { booking, escrow } from '../policies/principals.ts';
import { request, verdict, recordingDeps, type Changes } from './authorizing.ts';

const own = 'private-tenant.1.user.15';
const escrowChannel = 'private-tenant.1.escrow.42';
const unread = 'private-nothing';

/** Requests these channels, and returns the outcome of each. */
async function requestWith(channelNames: readonly string[], changes: Changes = {}) {
  const { deps, calls, recorded } = recordingDeps(changes);
  const verdicts = await authorizeChannels({ ...request(), channelNames }, deps);
  const words = [...verdicts].map(([name, each]) => [
    name,
    each instanceof Unavailable ? 'unavailable' : verdict(each),
  ]);
  return { words: Object.fromEntries(words) as unknown, calls, recorded };
}

const down = () => Promise.reject(new Unavailable('database'));
const found = findByKind({ booking: booking(), escrow: escrow() });
const escrowsBy =
  (find: FindFact): FindFact =>
  (kind, ...of) =>
    kind.name === 'escrow' ? find(kind, ...of) : found(kind, ...of);

describe('a batch', () => {
  it('authenticates once, and writes each decision', async () => {
    const { words, calls, recorded } = await requestWith([own, escrowChannel, unread]);
    expect(words).toEqual({
      [own]: 'grant',
      [escrowChannel]: 'grant',
      [unread]: 'unknown-channel',
    });
    expect(calls.filter((call) => call === 'identified')).toHaveLength(1);
    expect(recorded).toHaveLength(3);
  });

  it('does not verify the credential if no name is valid', async () => {
    const { calls } = await requestWith([unread, 'private-a:b', '']);
    expect(calls).toEqual(['recorded', 'recorded', 'recorded']);
  });

  it('fails only the channel whose fact could not be loaded', async () => {
    const { words } = await requestWith([own, escrowChannel], { find: escrowsBy(down) });
    expect(words).toEqual({ [own]: 'grant', [escrowChannel]: 'unavailable' });
  });

  it('fails only the channel whose row could not be written', async () => {
    const { words } = await requestWith([own, escrowChannel], {
      writeDecision: (decision) =>
        decision.family?.includes('user') ? down() : Promise.resolve(true),
    });
    expect(words).toEqual({ [own]: 'unavailable', [escrowChannel]: 'grant' });
  });

  it('grants nothing while revocations cannot be read, and still refuses invalid names', async () => {
    const { words } = await requestWith([own, unread], { revocations: { latest: down } });
    expect(words).toEqual({ [own]: 'unavailable', [unread]: 'unknown-channel' });
  });

  it('authenticates once more for all channels whose data has changed', async () => {
    const { words, calls } = await requestWith([own, escrowChannel], {
      cache: {
        version: 7,
        find: found,
        revocations: { latest: () => Promise.resolve(Infinity) },
      },
      writeDecision: (_decision, _origin, asOf) => Promise.resolve(asOf === undefined),
    });
    expect(words).toEqual({ [own]: 'grant', [escrowChannel]: 'grant' });
    expect(calls.filter((call) => call === 'identified')).toHaveLength(2);
  });

  it('rejects after an unhandled error', async () => {
    const broken = () => Promise.reject(new TypeError('a bug'));
    await expect(requestWith([own, escrowChannel], { find: escrowsBy(broken) })).rejects.toThrow(
      TypeError,
    );
  });
});

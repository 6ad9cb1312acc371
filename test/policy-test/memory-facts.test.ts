import { describe, expect, it } from 'vitest';
import type { FactKind, FactViewer } from '../../src/policy/fact-kind.ts';
import type { PolicyTest } from '../../src/policy/policy.ts';
import { createMemoryFacts } from '../../src/policy-test/memory-facts.ts';
import { escrow, room } from '../support/fact-kinds.ts';

const place = { file: 'policy.test.yaml', line: 1 };
const opened = { participants: [], guest_session_id: 'opener' };

const { findVisible, refused } = createMemoryFacts({
  file: place.file,
  principals: new Map(),
  expect: [],
  now: undefined,
  facts: [
    { place, kind: room, ids: ['of-a'], fields: { ...opened, tenant_id: 'a' } },
    { place, kind: room, ids: ['of-none'], fields: opened },
    {
      place,
      kind: escrow,
      ids: ['a', '42'],
      fields: { buyer_id: '15', seller_id: '16', status: 'OPEN' },
    },
  ],
} satisfies PolicyTest);

/** The same tests as for facts in the database: test/facts/pushed-facts.test.ts. */
describe('facts of a policy test are visible', () => {
  const isVisible = async (kind: FactKind, ids: readonly string[], viewer: FactViewer) =>
    (await findVisible(kind, ids, viewer)) !== undefined;

  it.each<[FactViewer, boolean]>([
    [{}, false],
    [{ tenantId: 'b', guestSessionId: 'other' }, false],
    [{ tenantId: 'a' }, true],
    [{ guestSessionId: 'opener' }, true],
  ])('to their tenant and their guest session: %j', async (viewer, expected) => {
    expect(refused).toEqual([]);
    expect(await isVisible(room, ['of-a'], viewer)).toBe(expected);
    expect(await isVisible(room, ['of-none'], viewer)).toBe(true);
  });

  it.each<FactViewer>([{}, { tenantId: 'b' }, { guestSessionId: 'opener' }])(
    'to all viewers if rules name the tenant as an id: %j',
    async (viewer) => {
      expect(await isVisible(escrow, ['a', '42'], viewer)).toBe(true);
    },
  );
});

import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { describeChannel } from '../../src/policy/channel-type.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import type { Policy } from '../../src/policy/policy.ts';
import { ruleInput, type Principal } from '../../src/policy/principal.ts';
import { runPolicyTests } from '../../src/policy-test/run-tests.ts';
import { channelOf } from '../support/shipped-policy.ts';
import { escrow, guest, noon, user } from './principals.ts';
import { createTruthTable } from './truth-table.ts';

const pathOf = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** The same policy, written twice. */
const yaml = await loadPolicy(['builtin:tenants']);
const module = await loadPolicy([
  pathOf('examples/modules/tenants.ts'),
  pathOf('policies/tenants/policy.test.yaml'),
]);
const spellings = [
  { spelling: 'YAML', policy: yaml },
  { spelling: 'a module', policy: module },
];

const escrowChannel = 'private-tenant.{tenantId}.escrow.{escrowId}';
const escrowChat = 'private-tenant.{tenantId}.escrow.{escrowId}.chat';
const userChannel = 'private-tenant.{tenantId}.user.{userId}';
const adminChannel = 'private-tenant.{tenantId}.admin';
const tenantAnnouncements = 'private-tenant.{tenantId}.announcements';
const announcements = 'private-announcements';

const params = { tenantId: '1', escrowId: '42', userId: '15' };
const admin = user('9', { roles: ['admin'] });
const otherTenant = 'user is of this tenant';
const noPart = 'user is the buyer or the seller';
const noPartInChat = 'user is the buyer, the seller, or an admin in a dispute';
const disputed = escrow({ status: 'DISPUTED' });

const channels = [
  escrowChannel,
  escrowChat,
  userChannel,
  adminChannel,
  tenantAnnouncements,
  announcements,
];

describe.each(spellings)('grants and refusals, by $spelling', ({ policy }) => {
  const { verdict, checks, memberOf } = createTruthTable(policy);

  it.each([
    ['buyer', escrowChannel, { who: user('15'), fact: escrow() }, 'enters'],
    ['seller', escrowChannel, { who: user('16'), fact: escrow() }, 'enters'],
    ['another user', escrowChannel, { who: user('17'), fact: escrow() }, noPart],
    ['admin', escrowChannel, { who: admin, fact: disputed }, noPart],
    ['a user without an escrow', escrowChannel, { who: user('15') }, noPart],
    [
      'a user of another tenant',
      escrowChannel,
      { who: user('15', { tenantId: '2' }), fact: escrow() },
      otherTenant,
    ],
    ['guest', escrowChannel, { who: guest(), fact: escrow() }, 'no rule'],

    ['buyer', escrowChat, { who: user('15'), fact: escrow() }, 'enters'],
    ['seller', escrowChat, { who: user('16'), fact: escrow() }, 'enters'],
    ['another user', escrowChat, { who: user('17'), fact: escrow() }, noPartInChat],
    ['another user in a dispute', escrowChat, { who: user('17'), fact: disputed }, noPartInChat],
    ['admin', escrowChat, { who: admin, fact: escrow() }, noPartInChat],
    ['admin in a dispute', escrowChat, { who: admin, fact: disputed }, 'enters'],
    ['admin without an escrow', escrowChat, { who: admin }, noPartInChat],
    [
      'an admin of another tenant',
      escrowChat,
      { who: { ...admin, tenantId: '2' }, fact: disputed },
      otherTenant,
    ],

    ['the user', userChannel, { who: user('15') }, 'enters'],
    ['another user', userChannel, { who: user('16') }, 'channel is the user’s own'],
    ['an admin', userChannel, { who: admin }, 'channel is the user’s own'],
    ['user 15 of another tenant', userChannel, { who: user('15', { tenantId: '2' }) }, otherTenant],

    ['admin', adminChannel, { who: admin }, 'enters'],
    ['user', adminChannel, { who: user('15') }, 'user is an admin'],
    [
      'a user with the role Admin',
      adminChannel,
      { who: user('9', { roles: ['Admin'] }) },
      'user is an admin',
    ],
    ['an admin of another tenant', adminChannel, { who: { ...admin, tenantId: '2' } }, otherTenant],

    ['user', tenantAnnouncements, { who: user('15') }, 'enters'],
    [
      'a user of another tenant',
      tenantAnnouncements,
      { who: user('15', { tenantId: '2' }) },
      otherTenant,
    ],

    ['user', announcements, { who: user('15', { tenantId: '2' }) }, 'enters'],
    ['guest', announcements, { who: guest() }, 'no rule'],
  ])('%s of %s', async (...[, family, row, expected]) => {
    expect(await verdict(family, { params, ...row })).toBe(expected);
  });

  it('a user without a tenant is granted no channel of a tenant', async () => {
    const foreign: Principal = { kind: 'user', id: '15', roles: [], expiresAt: noon + 1 };
    for (const family of [escrowChannel, escrowChat, userChannel, adminChannel, announcements]) {
      expect(await verdict(family, { who: foreign, params, fact: disputed })).not.toBe('enters');
    }
  });

  it('only the chat has a presence form, and all channels have an encrypted one', () => {
    const formsOf = (family: string) => channelOf(policy, family).forms;
    for (const channel of channels) expect(formsOf(channel)).toContain('private-encrypted');
    expect(channels.filter((channel) => formsOf(channel).includes('presence'))).toEqual([
      escrowChat,
    ]);
  });

  it('a refusal across tenants has its own code', async () => {
    const who = user('17', { tenantId: '2' });
    const codes = (await checks(escrowChannel, { who, params, fact: escrow() }))?.map(
      ({ passed, code }) => [passed, code],
    );
    expect(codes).toEqual([
      [false, 'tenant-mismatch'],
      [false, 'not-allowed'],
    ]);
  });

  it.each([
    [{ name: 'Ann' }, { id: '15', name: 'Ann' }],
    [{}, { id: '15' }],
  ])('a member of the chat with %j', async (attributes, user_info) => {
    const row = { who: user('15', attributes), params, fact: escrow() };
    expect(await memberOf(escrowChat, 'presence', row)).toEqual({ user_id: '15', user_info });
    expect(await memberOf(escrowChat, 'private', row)).toBeUndefined();
  });

  it('passes the tests of the policy', async () => {
    const { results, uncovered } = await runPolicyTests(policy, () => noon);
    expect(results.flatMap(({ problems }) => problems)).toEqual([]);
    expect(results.length).toBeGreaterThan(30);
    expect(uncovered).toEqual([]);
  });

  it.each([
    [escrowChannel, ownEscrows('1')],
    [escrowChat, ownEscrows('1')],
    [userChannel, [{ params: { tenantId: '1', userId: '15' } }]],
    [adminChannel, [{ params: { tenantId: '1' } }]],
    [tenantAnnouncements, [{ params: { tenantId: '1' } }]],
    [announcements, [{ params: {} }]],
  ])('the channels of a user: %s', (family, expected) => {
    const list = (who: Principal) => {
      const input = ruleInput(who, { params: {}, facts: {}, now: new Date(noon) });
      const entries = channelOf(policy, family).rules.get('user')?.list?.(input) ?? [];
      return entries.map((entry) =>
        'query' in entry
          ? {
              kind: entry.query.kind.name,
              where: entry.query.where,
              params: entry.paramsOf(['1', '42']),
            }
          : entry,
      );
    };
    expect(list(user('15'))).toEqual(expected);
    expect(list(user('15', { tenantId: undefined }))).toEqual(
      family === announcements ? expected : [],
    );
  });
});

/** The queries for the escrows of user 15. */
function ownEscrows(tenantId: string) {
  return ['buyer_id', 'seller_id'].map((field) => ({
    kind: 'escrow',
    where: { tenantId, [field]: '15' },
    params: { tenantId: '1', escrowId: '42' },
  }));
}

describe('both spellings', () => {
  it('declare the same channels and facts', () => {
    // A module exports its channels in alphabetical order.
    const channelsOf = (policy: Policy) => channels.map((channel) => channelOf(policy, channel));
    const declared = (policy: Policy) => ({
      count: policy.channels.channelTypes.length,
      channels: channelsOf(policy).map((each) => ({
        ...describeChannel(each),
        forms: each.forms.toSorted(),
        patterns: [],
        params: Object.entries(each.params),
        tenant: each.tenant,
        denied: each.denied,
        facts: [...each.rules.values()].map(({ facts }) =>
          facts.map(({ name, optional }) => ({ name, optional })),
        ),
      })),
      factKinds: [...policy.factKinds],
    });
    expect(declared(module)).toEqual(declared(yaml));
  });
});

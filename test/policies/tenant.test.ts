import { describe, expect, it } from 'vitest';
import { shippedChannel } from '../support/shipped-policy.ts';
import { escrow, guest, noon, user } from './principals.ts';
import type { Principal } from '../../src/policy/principal.ts';
import { verdict } from './truth-table.ts';

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

describe('who may enter', () => {
  it.each([
    ['buyer', escrowChannel, { who: user('15'), fact: escrow() }, 'enters'],
    ['seller', escrowChannel, { who: user('16'), fact: escrow() }, 'enters'],
    ['stranger', escrowChannel, { who: user('17'), fact: escrow() }, noPart],
    ['admin', escrowChannel, { who: admin, fact: disputed }, noPart],
    ['no escrow', escrowChannel, { who: user('15') }, noPart],
    [
      'other tenant',
      escrowChannel,
      { who: user('15', { tenantId: '2' }), fact: escrow() },
      otherTenant,
    ],
    ['guest', escrowChannel, { who: guest(), fact: escrow() }, 'no rule'],

    ['buyer', escrowChat, { who: user('15'), fact: escrow() }, 'enters'],
    ['seller', escrowChat, { who: user('16'), fact: escrow() }, 'enters'],
    ['stranger', escrowChat, { who: user('17'), fact: escrow() }, noPartInChat],
    ['stranger in a dispute', escrowChat, { who: user('17'), fact: disputed }, noPartInChat],
    ['admin', escrowChat, { who: admin, fact: escrow() }, noPartInChat],
    ['admin in a dispute', escrowChat, { who: admin, fact: disputed }, 'enters'],
    ['admin, no escrow', escrowChat, { who: admin }, noPartInChat],
    [
      'other tenant’s admin',
      escrowChat,
      { who: { ...admin, tenantId: '2' }, fact: disputed },
      otherTenant,
    ],

    ['the user', userChannel, { who: user('15') }, 'enters'],
    ['another user', userChannel, { who: user('16') }, 'channel is the user’s own'],
    ['an admin', userChannel, { who: admin }, 'channel is the user’s own'],
    ['other tenant’s 15', userChannel, { who: user('15', { tenantId: '2' }) }, otherTenant],

    ['admin', adminChannel, { who: admin }, 'enters'],
    ['user', adminChannel, { who: user('15') }, 'user is an admin'],
    [
      'Admin in other letters',
      adminChannel,
      { who: user('9', { roles: ['Admin'] }) },
      'user is an admin',
    ],
    ['other tenant’s admin', adminChannel, { who: { ...admin, tenantId: '2' } }, otherTenant],

    ['user', tenantAnnouncements, { who: user('15') }, 'enters'],
    [
      'other tenant’s user',
      tenantAnnouncements,
      { who: user('15', { tenantId: '2' }) },
      otherTenant,
    ],

    ['user', announcements, { who: user('15', { tenantId: '2' }) }, 'enters'],
    ['guest', announcements, { who: guest() }, 'no rule'],
  ])('%s of %s', async (...[, family, row, expected]) => {
    expect(await verdict(family, { params, ...row })).toBe(expected);
  });

  it('a user without a tenant enters no channel of tenants', async () => {
    const nobodys: Principal = { kind: 'user', id: '15', roles: [], expiresAt: noon + 1 };
    for (const family of [escrowChannel, escrowChat, userChannel, adminChannel, announcements]) {
      expect(await verdict(family, { who: nobodys, params, fact: disputed })).not.toBe('enters');
    }
  });

  it('only the chat has a presence form, and all have an encrypted one', () => {
    const families = [
      escrowChannel,
      escrowChat,
      userChannel,
      adminChannel,
      tenantAnnouncements,
      announcements,
    ];
    for (const family of families)
      expect(shippedChannel(family).forms).toContain('private-encrypted');
    const withPresence = families.filter((family) =>
      shippedChannel(family).forms.includes('presence'),
    );
    expect(withPresence).toEqual([escrowChat]);
  });
});

import { describe, expect, it } from 'vitest';
import type { Principal } from '../../src/policy/principal.ts';
import { guest, session, user } from './principals.ts';
import { memberOf, verdict } from './truth-table.ts';

const room = 'private-room-{roomId}';

/** A session that is linked to this user. */
const linkedTo = (id: string, user: string, tenantId?: string) =>
  session(id, { id: user, tenantId });

const ofUsers = { participants: ['15', '16'] };
const ofGuest = { participants: ['16'], guest_session_id: { id: 'g1' } };
const linked = { ...ofGuest, guest_session_id: { id: 'g1', user: '15' } };

const ofTenant = { ...ofUsers, tenant_id: '1' };
const guestOfTenant = { ...ofGuest, tenant_id: '1' };
const admin = (tenantId: string | undefined) => user('9', { tenantId, roles: ['admin'] });

const noPart = 'user is a participant, or an admin of the room’s tenant';
const notTheirs = 'session opened the room, or is linked to a participant';
const otherTenant = 'room is of the user’s tenant, or of none';

describe('a room', () => {
  it.each([
    ['a participant', { who: user('15'), fact: ofUsers }, 'enters'],
    ['another user', { who: user('17'), fact: ofUsers }, noPart],
    ['an admin without a tenant', { who: admin(undefined), fact: ofUsers }, 'enters'],
    ['an admin of a tenant in a room without a tenant', { who: admin('1'), fact: ofUsers }, noPart],
    ['an admin of the room’s tenant', { who: admin('1'), fact: ofTenant }, 'enters'],
    ['an admin of another tenant', { who: admin('2'), fact: ofTenant }, otherTenant],
    [
      'an admin without a tenant in a room of a tenant',
      { who: admin(undefined), fact: ofTenant },
      otherTenant,
    ],
    ['a participant in a room of their tenant', { who: user('15'), fact: ofTenant }, 'enters'],
    [
      'a user of another tenant with the id of a participant',
      { who: user('15', { tenantId: '2' }), fact: ofTenant },
      otherTenant,
    ],
    [
      'a guest in their own room of a tenant',
      { who: session('g1'), fact: guestOfTenant },
      'enters',
    ],
    [
      'a session of a participant in the same tenant',
      { who: linkedTo('g2', '15', '1'), fact: ofTenant },
      'enters',
    ],
    [
      'a session of the same id in another tenant',
      { who: linkedTo('g2', '15', '2'), fact: ofTenant },
      notTheirs,
    ],
    [
      'a session of the same id without a tenant',
      { who: linkedTo('g2', '15'), fact: ofTenant },
      notTheirs,
    ],
    ['the linked user', { who: user('15'), fact: linked }, 'enters'],
    ['a user before the link', { who: user('15'), fact: ofGuest }, noPart],
    // Every check that reads a missing fact fails.
    ['a room that does not exist', { who: user('15') }, otherTenant],
    ['the guest of the room', { who: session('g1'), fact: ofGuest }, 'enters'],
    ['the guest of the room, linked', { who: linkedTo('g1', '15'), fact: linked }, 'enters'],
    ['another guest', { who: session('g2'), fact: ofGuest }, notTheirs],
    ['a guest in a room of users', { who: session('g1'), fact: ofUsers }, notTheirs],
    ['a session of a participant', { who: linkedTo('g2', '15'), fact: ofUsers }, 'enters'],
    ['a session of another user', { who: linkedTo('g2', '17'), fact: ofUsers }, notTheirs],
    ['a guest in a room that does not exist', { who: session('g1') }, notTheirs],
    ['a hotel guest', { who: guest(), fact: ofUsers }, 'no rule'],
  ])('%s', async (_case, row, expected) => {
    expect(await verdict(room, { params: { roomId: '7' }, ...row })).toBe(expected);
  });

  it('shows the same member for a user and for a session linked to that user', async () => {
    const memberIdOf = async (who: Principal) =>
      (await memberOf(room, 'presence', { who, params: { roomId: '7' }, fact: linked }))?.user_id;
    expect(await memberIdOf(user('15'))).toBe('15');
    expect(await memberIdOf(linkedTo('g1', '15'))).toBe('15');
    expect(await memberIdOf(session('g1'))).toBe('guest_g1');
  });
});

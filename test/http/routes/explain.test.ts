import { describe, expect, it } from 'vitest';
import { guestToken, useUsher } from '../../support/usher.ts';
import { send } from '../requests.ts';

const headers = { 'content-type': 'application/json' };
const channel = 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';

describe('POST /explain', () => {
  const usher = useUsher();
  const explain = async (body: object) => {
    const request = { method: 'POST', path: '/explain', headers, body: JSON.stringify(body) };
    const { status, text } = await send(usher.operator, request);
    return { status, text, body: JSON.parse(text) as Readonly<Record<string, unknown>> };
  };
  const recorded = async () =>
    (await send(usher.operator, { method: 'GET', path: '/decisions', headers: {} })).text;

  it('returns the current decision for a token, and writes no row', async () => {
    const before = await recorded();
    const granted = await explain({ channel, token: guestToken() });
    expect(granted.body).toMatchObject({ outcome: 'grant', principal: { kind: 'guest' } });
    const refused = await explain({
      channel: channel.replace('ABC123', 'XYZ789'),
      token: guestToken(),
    });
    expect(refused.body).toMatchObject({
      outcome: 'refusal',
      code: 'booking-mismatch',
      failed_check: 'token is for this booking',
    });
    expect(await recorded()).toBe(before);
  });

  it('explains why a token is not accepted, without repeating it', async () => {
    const { text, body } = await explain({ channel, token: 'eyJ-not-a-token' });
    expect(body).toMatchObject({ outcome: 'refusal', application_decides: false });
    expect(text).not.toContain('eyJ-not-a-token');
  });

  it('explains for a principal without a token', async () => {
    const request = { channel: 'private-tenant.1.user.15', tenant: '1' };
    const principal = { kind: 'user', id: '15', tenant_id: '1' };
    expect((await explain({ ...request, principal })).body).toMatchObject({ outcome: 'grant' });
    const other = { ...principal, id: '16' };
    expect((await explain({ ...request, principal: other })).body).toMatchObject({
      failed_check: 'channel is the user’s own',
    });
  });

  it('accepts the name of a kind in policies', async () => {
    const principal = { kind: 'guest_session', id: 'g' };
    expect((await explain({ channel: 'private-room-1', principal })).body).toMatchObject({
      code: 'not-allowed',
      principal: { kind: 'guest-session' },
    });
  });

  it('requires a token or a principal, and not both', async () => {
    const token = guestToken();
    for (const by of [{}, { token, principal: { kind: 'user', id: '15' } }]) {
      const { status, text } = await explain({ channel, ...by });
      expect([status, text]).toEqual([
        400,
        expect.stringContaining('Give either a token or a principal'),
      ]);
      expect(text).not.toContain(token);
    }
  });

  it('is not on the public port', async () => {
    const request = { method: 'POST', path: '/explain', headers, body: '{}' };
    expect((await send(usher.public, request)).status).toBe(404);
  });
});

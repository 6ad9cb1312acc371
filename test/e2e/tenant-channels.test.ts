import type { Channel } from 'pusher-js';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';

import { auditRow } from './support/audit.ts';
import { postForm } from './support/requests.ts';
import { type EchoClient, nextEvent } from './support/clients.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';
import {
  admin,
  buyer,
  openTenantUsers,
  seller,
  otherUser,
  type TenantUsers,
} from './support/tenant-users.ts';
import { within } from './support/within.ts';

let deployment: Deployment;
let users: TenantUsers;

beforeAll(async () => {
  deployment = await startDeployment();
  users = openTenantUsers(deployment);
});
afterEach(() => {
  users.close();
});
afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
});

const entered = { ok: true };
const refused = { ok: false, status: 403 };
const chatOf = (escrowId: string) => `tenant.1.escrow.${escrowId}.chat`;

describe('a user', () => {
  it('subscribes to their own channel, and others cannot', async () => {
    expect(await users.connect().private('tenant.1.user.15')).toEqual(entered);
    for (const claims of [otherUser, admin]) {
      expect(await users.connect({ claims }).private('tenant.1.user.15')).toEqual(refused);
    }
  });

  it('receives the announcements of the tenant and the public ones', async () => {
    const client = users.connect({ claims: otherUser });
    expect(await client.private('tenant.1.announcements')).toEqual(entered);
    expect(await client.private('announcements')).toEqual(entered);
    const news = nextEvent(client.pusher.channel('private-announcements'), 'news');
    await deployment.publisher.trigger('private-announcements', 'news', { text: 'Hello' });
    expect(await news).toEqual({ text: 'Hello' });
  });

  it('subscribes to the admins’ channel only as an admin', async () => {
    expect(await users.connect({ claims: admin }).private('tenant.1.admin')).toEqual(entered);
    expect(await users.connect().private('tenant.1.admin')).toEqual(refused);
  });

  it('can use every path to which clients send requests', async () => {
    const paths = ['/broadcasting/auth', '/api/broadcasting/auth', '/pusher/auth'];
    for (const path of paths) {
      expect(await users.connect({ path }).private('tenant.1.user.15')).toEqual(entered);
    }
    const path = '/api/tenants/1/pusher/auth';
    const [byPath, byBoth] = [users.connect({ path, tenant: '' }), users.connect({ path })];
    expect(await byPath.private('tenant.1.user.15')).toEqual(entered);
    expect(await byBoth.private('tenant.1.user.15')).toEqual(entered);
  });
});

describe('an escrow', () => {
  it('grants only its buyer and its seller', async () => {
    const escrowId = await users.newEscrow('DISPUTED');
    for (const claims of [buyer, seller]) {
      const client = users.connect({ claims });
      expect(await client.private(`tenant.1.escrow.${escrowId}`)).toEqual(entered);
    }
    for (const claims of [admin, otherUser]) {
      const client = users.connect({ claims });
      expect(await client.private(`tenant.1.escrow.${escrowId}`)).toEqual(refused);
    }
  });

  it('shows the members of its chat to each other', async () => {
    const chat = chatOf(await users.newEscrow());
    const first = users.connect({ claims: buyer });
    const alone = { 15: { id: '15', name: 'Bea' } };
    expect(await first.join(chat)).toEqual({ ok: true, members: alone });
    const arrival = nextEvent(first.pusher.channel(`presence-${chat}`), 'pusher:member_added');
    const both = { ...alone, 16: { id: '16', name: 'Sal' } };
    const second = users.connect({ claims: seller });
    expect(await second.join(chat)).toEqual({ ok: true, members: both });
    expect(await arrival).toEqual({ id: '16', info: { id: '16', name: 'Sal' } });
    expect(await users.connect({ claims: otherUser }).join(chat)).toEqual(refused);
  });

  it('grants an admin its chat only while it is disputed', async () => {
    const escrowId = await users.newEscrow('FUNDED');
    const client = users.connect({ claims: admin });
    const tries = async () => {
      client.echo.leave(chatOf(escrowId));
      return [await client.private(chatOf(escrowId)), await client.join(chatOf(escrowId))];
    };
    expect(await tries()).toEqual([refused, refused]);
    await users.putEscrow(escrowId, 'DISPUTED');
    expect(await tries()).toMatchObject([entered, { ok: true, members: { 90: {} } }]);
    await users.putEscrow(escrowId, 'RELEASED');
    expect(await tries()).toEqual([refused, refused]);
  });

  it('that does not exist gets the same response as one of others', async () => {
    const chat = chatOf('no-such-escrow');
    expect(await users.connect({ claims: buyer }).private(chat)).toEqual(refused);
    expect(await users.connect({ claims: admin }).join(chat)).toEqual(refused);
  });

  it.each(['private', 'join'] as const)('carries typing indicators by %s', async (kind) => {
    const chat = chatOf(await users.newEscrow());
    const [one, other] = [users.connect({ claims: buyer }), users.connect({ claims: seller })];
    expect(await one[kind](chat)).toMatchObject(entered);
    expect(await other[kind](chat)).toMatchObject(entered);
    const typing = new Promise((resolve) => {
      other.echo[kind](chat).listenForWhisper('typing', resolve);
    });
    one.echo[kind](chat).whisper('typing', { user: '15' });
    expect(await within(15_000, typing, () => 'Nobody typed')).toEqual({ user: '15' });
  });
});

describe('an encrypted channel', () => {
  it('can be read by its members, and not by the Pusher server', async () => {
    const chat = chatOf(await users.newEscrow());
    const name = `private-encrypted-${chat}`;
    const client = users.connect({ claims: buyer });
    expect(await client.encryptedPrivate(chat)).toEqual(entered);
    const onTheWire = rawEvent(client, 'message');
    const message = nextEvent(client.pusher.channel(name), 'message');
    await deployment.publisher.trigger(name, 'message', { text: 'The code is 1234' });
    expect(await message).toEqual({ text: 'The code is 1234' });
    expect(JSON.stringify(await onTheWire)).not.toContain('1234');
  });

  it('has the same checks as its private form', async () => {
    const chat = chatOf(await users.newEscrow());
    expect(await users.connect({ claims: otherUser }).encryptedPrivate(chat)).toEqual(refused);
    expect(await users.connect().encryptedPrivate('tenant.1.user.15')).toEqual(entered);
    expect(await users.connect().encryptedPrivate('tenant.1.user.16')).toEqual(refused);
  });
});

/** The data of the next event of this name as the Pusher server sent it. */
function rawEvent({ pusher }: EchoClient, name: string): Promise<unknown> {
  return new Promise((resolve) => {
    pusher.connection.bind('message', ({ event, data }: Record<string, unknown>) => {
      if (event === name) resolve(data);
    });
  });
}

describe('sign-in', () => {
  it('sends the user to the Pusher server, which then delivers messages to that user', async () => {
    const client = users.connect({ claims: buyer });
    const user = { id: '15', user_info: { name: 'Bea' } };
    expect(await client.signIn()).toEqual({ ok: true, user });
    const notice = nextEvent(client.pusher.user as unknown as Channel, 'notice');
    await deployment.publisher.sendToUser('15', 'notice', { text: 'Paid' });
    expect(await notice).toEqual({ text: 'Paid' });
  });

  it('is refused without a credential, with a bad one, and for another tenant', async () => {
    const { tokens } = deployment;
    const forged = tokens.user({}, { secret: 'another secret of 32 bytes at least' });
    const guest = tokens.guest();
    for (const token of ['', forged, guest]) {
      expect(await users.connect({ token }).signIn()).toEqual({ ok: false, status: 401 });
    }
    for (const tenant of ['', '2']) {
      expect(await users.connect({ tenant }).signIn()).toEqual(refused);
    }
  });
});

describe('every decision', () => {
  it('is a row of the audit log', async () => {
    const form = { socket_id: '1234.5678', channel_name: 'private-tenant.1.user.15' };
    const requestWith = (authorization: string, tenant: string) =>
      postForm(`${deployment.usher.publicUrl}/broadcasting/auth`, form, {
        authorization,
        'x-tenant-id': tenant,
        cookie: deployment.cookie,
      });
    const good = `Bearer ${deployment.tokens.user()}`;
    const kept = { channel: form.channel_name, tenant_id: '1', address: '127.0.0.1' };
    const rows = [
      [await requestWith(good, '1'), { outcome: 'grant', principal_id: '15', signals: [] }],
      [await requestWith(good, '2'), { code: 'tenant-mismatch', signals: ['cross-tenant'] }],
      [
        await requestWith('Bearer x', '1'),
        { outcome: 'refusal', signals: ['authentication-failed'] },
      ],
    ] as const;
    for (const [{ headers }, row] of rows) {
      const decisionId = headers.get('x-decision-id');
      expect(await auditRow(deployment.usher, decisionId)).toMatchObject({ ...kept, ...row });
      // Lines are written in batches, with a delay.
      await expect.poll(() => deployment.usher.output()).toContain(decisionId);
    }
  });
});

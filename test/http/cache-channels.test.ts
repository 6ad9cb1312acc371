import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startUsher, userToken, type TestUsher } from '../support/usher.ts';
import { send, signature, socketId, userRequest } from './requests.ts';

const policy = `
channels:
  private-price-{id}:
    about: every user
    also: [private-cache, presence-cache, private-encrypted-cache]
    params: { id: id }
    allow: { user: { user has an id: user.id != '' } }
    member: { user: { id: user.id } }
    list: { user: { params: { id: "'7'" } } }
`;
const names = [
  ...['private-price-7', 'private-cache-price-7', 'presence-cache-price-7'],
  'private-encrypted-cache-price-7',
] as const;
const masterKey = Buffer.alloc(32, 7).toString('base64');

describe('cache channels', () => {
  let directory: string;
  let usher: TestUsher;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-cache-'));
    await writeFile(join(directory, 'policy.yaml'), policy);
  });
  afterEach(() => usher.stop());
  afterAll(() => rm(directory, { recursive: true }));

  const start = async (server: string, key = masterKey) => {
    usher = await startUsher({
      POLICY: directory,
      PUSHER_SERVER: server,
      PUSHER_HOST: '127.0.0.1',
      PUSHER_PORT: '1',
      ...(key !== '' && { PUSHER_ENCRYPTION_MASTER_KEY: key }),
    });
  };
  const enter = (channel_name: string) =>
    send(usher.public, userRequest({ fields: { channel_name } }));
  const listed = async () => {
    const headers = { authorization: `Bearer ${userToken()}`, 'x-tenant-id': '1' };
    const { body } = await send(usher.public, { method: 'GET', path: '/api/channels', headers });
    return (body as { channels: readonly string[] }).channels;
  };
  const failedCheck = async (response: Awaited<ReturnType<typeof enter>>) => {
    const path = `/decisions/${response.headers.get('x-decision-id') ?? ''}`;
    const { body } = await send(usher.operator, { method: 'GET', path });
    return body as { readonly code?: string; readonly failed_check?: string };
  };

  it.each(['pusher', 'soketi', 'sockudo'])(
    'are signed for %s, with the key of the complete name',
    async (server) => {
      await start(server);
      const responses = await Promise.all(names.map(enter));
      expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      const [, cached, presence, encrypted] = responses.map(({ body }) => body);
      const info = server === 'soketi' ? ',"user_info":{}' : '';
      const channel_data = `{"user_id":"15"${info}}`;
      expect(cached).toEqual({ auth: signature(socketId, names[1]) });
      expect(presence).toEqual({ auth: signature(socketId, names[2], channel_data), channel_data });
      const shared_secret = createHash('sha256')
        .update(names[3])
        .update(Buffer.from(masterKey, 'base64'))
        .digest('base64');
      expect(encrypted).toEqual({ auth: signature(socketId, names[3]), shared_secret });
      expect(await listed()).toEqual(expect.arrayContaining([...names]));
    },
  );

  it('are refused for Reverb, which does not support them, and the audit log has the reason', async () => {
    await start('reverb');
    const responses = await Promise.all(names.map(enter));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 403]);
    expect(await failedCheck(responses[3]!)).toMatchObject({
      code: 'unknown-channel',
      failed_check: 'Pusher server has cache channels of this form',
    });
    expect((await listed()).toSorted()).toEqual(names.slice(0, 3).toSorted());
  });

  it('are refused without the key for their encryption', async () => {
    await start('pusher', '');
    const response = await enter(names[3]);
    expect(response.status).toBe(403);
    expect(await failedCheck(response)).toMatchObject({
      failed_check: 'Pusher app has a key for encrypted channels',
    });
  });
});

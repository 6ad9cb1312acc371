import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { json, startJwksServer, type JwksServer } from '../authn/jwt/jwks-server.ts';
import { allowedOrigin, startUsher, type TestUsher } from '../support/usher.ts';
import { send, socketId } from './requests.ts';

const policy = `version: 1
issuers:
  session:
    kind: visitor
    attributes:
      department: { claim: department, type: string }
      level: { claim: [plan, level], type: int }
channels:
  private-news:
    about: everybody
    allow:
      visitor: { visitor has an id: visitor.id != "" }
  private-desk-{department}:
    about: a department
    params: { department: id }
    allow:
      visitor: { visitor is of the department: visitor.department == params.department }
  private-archive:
    about: level 3 and above
    allow:
      visitor: { visitor has level 3: has(visitor.level) && visitor.level >= 3 }
`;

describe('attributes of a session that the application introspects', () => {
  let host: JwksServer;
  let directory: string;
  let usher: TestUsher;

  beforeAll(async () => {
    host = await startJwksServer();
    directory = await mkdtemp(join(tmpdir(), 'usher-session-'));
    await writeFile(join(directory, 'policy.yaml'), policy);
    usher = await startUsher({
      POLICY: directory,
      SESSION_MODE: 'introspect',
      SESSION_COOKIE_NAME: 'sid',
      SESSION_INTROSPECTION_URL: host.url.href,
      SESSION_INTROSPECTION_TOKEN: 'mK3xQ9vT2bRw8Zd5Yc7nUe4hJ6pLs1aG',
    });
  });
  afterAll(async () => {
    await usher.stop();
    await host.close();
    await rm(directory, { recursive: true });
  });

  const enter = async (channel: string, sid: string) => {
    const response = await send(usher.public, {
      path: '/broadcasting/auth',
      headers: { cookie: `sid=${sid}`, origin: allowedOrigin },
      body: new URLSearchParams({ socket_id: socketId, channel_name: channel }),
    });
    return response.status;
  };

  it('are available to rules', async () => {
    host.respondWith(
      json(JSON.stringify({ id: 1, attributes: { department: 'sales', plan: { level: 3 } } })),
    );
    expect(await enter('private-news', 'one')).toBe(200);
    expect(await enter('private-desk-sales', 'one')).toBe(200);
    expect(await enter('private-desk-it', 'one')).toBe(403);
    expect(await enter('private-archive', 'one')).toBe(200);
  });

  it('affect only the rules that read them, if they have another type', async () => {
    host.respondWith(
      json(JSON.stringify({ id: 1, attributes: { department: 'sales', plan: { level: '9' } } })),
    );
    expect(await enter('private-desk-sales', 'two')).toBe(200);
    expect(await enter('private-archive', 'two')).toBe(403);
    host.respondWith(
      json(JSON.stringify({ id: 1, attributes: { department: ['it'], plan: { level: 9 } } })),
    );
    expect(await enter('private-desk-it', 'three')).toBe(403);
    expect(await enter('private-archive', 'three')).toBe(200);
    host.respondWith(json(JSON.stringify({ id: 1, attributes: 'it' })));
    expect(await enter('private-desk-it', 'four')).toBe(403);
    expect(await enter('private-news', 'four')).toBe(200);
  });
});

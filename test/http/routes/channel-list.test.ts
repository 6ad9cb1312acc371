import { describe, expect, it } from 'vitest';
import { withClient } from '../../support/database.ts';
import { startUsher, useUsher, userToken } from '../../support/usher.ts';

const usher = useUsher();

async function list(
  token: string,
  tenant: string,
  query = '',
): Promise<{ status: number; body: unknown }> {
  const headers = { authorization: `Bearer ${token}`, 'x-tenant-id': tenant };
  const response = await fetch(`${usher.public}/api/channels${query}`, { headers });
  return { status: response.status, body: await response.json() };
}

it('lists the channels of a tenant’s user, each of which was evaluated', async () => {
  expect(await list(userToken(), '1')).toEqual({
    status: 200,
    body: {
      channels: [
        'private-tenant.1.escrow.42',
        'private-tenant.1.escrow.42.chat',
        'presence-tenant.1.escrow.42.chat',
        'private-tenant.1.user.15',
        'private-tenant.1.announcements',
        'private-announcements',
      ],
    },
  });
});

it('refuses a list without a tenant or for another one, which would make a page leave all its channels', async () => {
  const headers = { authorization: `Bearer ${userToken()}` };
  const missing = await fetch(`${usher.public}/api/channels`, { headers });
  expect(missing.status).toBe(403);
  expect(await missing.json()).toMatchObject({ message: 'X-Tenant-ID is required' });
  expect(await list(userToken(), '2')).toMatchObject({ status: 403 });
  const other = await list(userToken({ tenant_id: '2' }), '2');
  expect(JSON.stringify(other.body)).not.toContain('tenant.1.');
});

interface Page {
  readonly channels: readonly string[];
  readonly next?: string;
}

/** Every page that a user of tenant 1 gets. */
async function pagesOf(sub: string): Promise<readonly Page[]> {
  const pages: Page[] = [];
  for (let next: string | undefined = ''; next !== undefined; next = pages.at(-1)?.next) {
    const { status, body } = await list(userToken({ sub }), '1', `?after=${next}`);
    expect(status).toBe(200);
    pages.push(body as Page);
  }
  return pages;
}

it('lists everything in pages, without repetitions', async () => {
  await withClient(usher.database, async (admin) => {
    await admin.query(`
      INSERT INTO escrows (tenant_id, escrow_id, buyer_id, seller_id, status)
        SELECT '1', 'many-' || n, CASE n % 2 WHEN 0 THEN '70' ELSE 'x' END, '70', 'FUNDED'
        FROM generate_series(1, 450) n;
      INSERT INTO rooms (room_id, tenant_id, participants)
        SELECT 'many-' || n, NULLIF((n % 3)::text, '0'), '{70}' FROM generate_series(1, 300) n`);
  });
  const pages = await pagesOf('70');
  expect(pages).toHaveLength(3);
  const all = pages.flatMap(({ channels }) => channels);
  expect(new Set(all).size).toBe(all.length);
  const escrows = all.filter((name) => /^private-tenant\.1\.escrow\.many-\d+$/.test(name));
  expect(escrows).toHaveLength(450);
  // A third of the rooms is another tenant's.
  expect(all.filter((name) => name.startsWith('presence-room-many-'))).toHaveLength(200);
  expect(pages[0]!.channels).toContain('private-announcements');
});

it('refuses a cursor that it did not return', async () => {
  for (const after of ['none', 'WzFd', Buffer.from('{"escrows":1}').toString('base64url')]) {
    expect(await list(userToken(), '1', `?after=${after}`)).toMatchObject({ status: 400 });
  }
  for (const key of ['\0', 'no key', '["a","b","c"]', '[1]']) {
    const unknown = Buffer.from(JSON.stringify({ '0123456789abcdef': key }));
    const after = `?after=${unknown.toString('base64url')}`;
    expect(await list(userToken(), '1', after)).toMatchObject({ status: 200 });
  }
});

it('omits a room immediately after the user was removed from it, by whatever write', async () => {
  const rooms = async () =>
    (await pagesOf('71')).flatMap(({ channels }) => channels.filter((name) => /room/.test(name)));
  const run = (sql: string) => withClient(usher.database, (admin) => admin.query(sql));
  await run(`INSERT INTO rooms (room_id, participants) VALUES ('m', '{71,71}'), ('n', '{71}')`);
  expect(await rooms()).toHaveLength(4);
  await run(`UPDATE rooms SET participants = '{72}' WHERE room_id = 'm'`);
  expect(await rooms()).toEqual(['private-room-n', 'presence-room-n']);
  await run(`UPDATE rooms SET room_id = 'o' WHERE room_id = 'n'`);
  expect(await rooms()).toEqual(['private-room-o', 'presence-room-o']);
  await run('TRUNCATE facts');
  expect(await rooms()).toEqual([]);
});

it('lists rooms of a view with which the application has replaced the table', async () => {
  await withClient(usher.database, (admin) =>
    admin.query(`
      ALTER TABLE rooms RENAME TO talks;
      INSERT INTO talks (room_id, participants) VALUES ('of-view', '{73}');
      CREATE VIEW rooms AS SELECT room_id, participants, guest_session_id, updated_at FROM talks;
      GRANT SELECT ON rooms TO PUBLIC`),
  );
  // Views of the application are found at the start.
  const next = await startUsher({ DATABASE_URL: usher.database.reveal() });
  const headers = { authorization: `Bearer ${userToken({ sub: '73' })}`, 'x-tenant-id': '1' };
  const response = await fetch(`${next.public}/api/channels`, { headers });
  expect(((await response.json()) as Page).channels).toContain('private-room-of-view');
  await next.stop();
  await withClient(usher.database, (admin) =>
    admin.query('DROP VIEW rooms; ALTER TABLE talks RENAME TO rooms'),
  );
});

describe('a list that is requested too often', () => {
  const limited = useUsher({ RATE_LIMIT_AUTHORIZATIONS: '2' });

  it('gets 429 with Retry-After', async () => {
    const headers = { authorization: `Bearer ${userToken()}`, 'x-tenant-id': '1' };
    const sendRequest = () => fetch(`${limited.public}/api/channels`, { headers });
    expect([(await sendRequest()).status, (await sendRequest()).status]).toEqual([200, 200]);
    const late = await sendRequest();
    expect(late.status).toBe(429);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
  });
});

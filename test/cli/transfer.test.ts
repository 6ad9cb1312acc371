import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { startApp } from '../../src/app.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/read.ts';
import { exportRows } from '../../src/database/transfer/export-rows.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { send, userRequest } from '../http/requests.ts';
import { runInProcess } from '../support/command-line.ts';
import { createTestDatabase, describePostgres, withClient } from '../support/database.ts';
import { makeDataDir } from '../support/instance.ts';
import { runCommand } from '../support/program.ts';
import { createTestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';
import { testEnvironment, userToken } from '../support/usher.ts';

/** A row of each table and more, with values that a lossy format would change. */
const oddRows = String.raw`
  INSERT INTO bookings VALUES
    ('h', E'quote " back \\ slash \n line \u2028 separator', 'open', NULL, 'infinity', '2026-01-02 03:04:05.678+09'),
    ('', 'null', 'cancelled', '', '-infinity', '1999-12-31 23:59:59.999Z');
  INSERT INTO escrows SELECT 't' || n % 7, n::text, '𝕭', 's', 'FUNDED' FROM generate_series(1, 20) AS n;
  INSERT INTO rooms (room_id, tenant_id, participants, guest_session_id) VALUES
    ('r1', NULL, ARRAY['a', 'a', 'b,c', '{}', '"', 'NULL', NULL, ''], 'g1'), ('r2', 't1', '{}', NULL), ('r3', 't2', NULL, NULL);
  INSERT INTO guest_sessions (session_id, token_hash, linked_user_id, expires_at, linked_tenant_id) VALUES
    ('g1', 'hash', '15', '2030-01-01', 't1');
  INSERT INTO orders VALUES ('99', '15', now());
  INSERT INTO tickets (ticket_hash, holder, takes, expires_at) VALUES ('spent', '{}', 1, '2030-01-01');
  INSERT INTO revocations VALUES ('user:15', '2026-01-01 00:00:00.001Z', now());
  INSERT INTO live_grants VALUES
    ('k', '1.2', '15', 't1', 'p', '{user:15}', NULL, '2030-01-01', now(), '2030-01-01', 3);
  INSERT INTO audit_log (decision_id, at, action, outcome, checks, request_id, address)
    SELECT n::text, now(), 'subscribe', 'grant',
      '[{"n": 12345678901234567890.10, "of": null, "text": "\\ \" é \u2028"}, [], {}]', 'r', '::1'
    FROM generate_series(1, 1201) AS n;
  INSERT INTO security_events (at, signal, request_id, address) VALUES (now(), 'cross-tenant', 'r', '::1');
  INSERT INTO shadow_verdicts (decision_id, at, family, policy, side, answered, watched, result, reason)
    VALUES ('d', now(), 'private-a', 'p', 'rules', 'grant', 'refusal', 'disagreed', 'a check')`;

/** The directory for files of these tests. */
const newFile = () => join(inject('runDirectory'), `${randomBytes(6).toString('hex')}.jsonl`);

const environmentFor = (url: Secret): Environment => ({
  ...testEnvironment,
  DATABASE_URL: url.reveal(),
});

async function newDatabase(...args: Parameters<typeof createTestDatabase>): Promise<Secret> {
  const { url, drop } = await createTestDatabase(...args);
  onTestFinished(drop);
  return url;
}

/** Every row of each table, as PostgreSQL prints it. */
function rowsOf(url: Secret): Promise<Readonly<Record<string, readonly string[]>>> {
  return withClient(url, async (admin) => {
    await admin.query(`SET TimeZone = 'UTC'`);
    const { rows: tables } = await admin.query<{ name: string }>(
      `SELECT tablename AS name FROM pg_tables
       WHERE schemaname = 'usher' AND tablename NOT IN ('_prisma_migrations', 'fact_relations') ORDER BY 1`,
    );
    const found: Record<string, readonly string[]> = {};
    for (const { name } of tables) {
      const { rows } = await admin.query<{ row: string }>(
        `SELECT t::text AS row FROM ${name} AS t ORDER BY 1`,
      );
      found[name] = rows.map(({ row }) => row);
    }
    return found;
  });
}

const fill = (url: Secret) => withClient(url, (admin) => admin.query(oddRows));

const done = (text: RegExp) => ({
  code: 0,
  stdout: expect.stringMatching(text) as unknown,
  stderr: '',
});

describePostgres('usher export and import', (server) => {
  it('export and import keep every row of every table, except tickets and table_changes', async () => {
    const [from, to] = [await newDatabase(), await newDatabase(server)];
    await fill(from);
    const file = newFile();
    const exported = await runInProcess(['export', file], environmentFor(from));
    expect(exported).toStrictEqual(done(/^rows of audit_log: 1201\nrows of facts: 26\n/));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await runInProcess(['import', file], environmentFor(to))).toStrictEqual(exported);

    const { table_changes: notesBefore, tickets, ...before } = await rowsOf(from);
    const { table_changes: notes, tickets: none, ...after } = await rowsOf(to);
    expect(after).toEqual(before);
    expect(Object.entries(before).filter(([, rows]) => rows.length === 0)).toEqual([]);
    expect([tickets?.length, none]).toEqual([1, []]);
    expect(notesBefore).not.toEqual([]);
    // All are of the transaction of the import. Replicas then discard what they cached of these tables.
    expect(new Set(notes?.map((note) => /^\(\d+/.exec(note)?.[0])).size).toBe(1);
  });

  it('import needs no order of tables: no table refers to another', async () => {
    const { rowCount } = await withClient(await newDatabase(server), (admin) =>
      admin.query(
        `SELECT FROM pg_constraint WHERE contype = 'f' AND connamespace = 'usher'::regnamespace`,
      ),
    );
    expect(rowCount).toBe(0);
  });

  it('export contains the rows of one snapshot', async () => {
    const url = await newDatabase(server);
    await fill(url);
    await withClient(url, async (client) => {
      const counts: Record<string, number> = {};
      const chunks = exportRows(client, 'usher', counts);
      await chunks.next();
      await withClient(url, (admin) =>
        admin.query(`INSERT INTO orders VALUES ('100', '16', now()); DELETE FROM bookings`),
      );
      for await (const chunk of chunks) expect(chunk).not.toContain('"ids":["100"]');
      expect(counts).toMatchObject({ facts: 26 });
    });
  });

  it('export fails if the login cannot see every row; import works as the owner of the tables', async () => {
    const file = newFile();
    const from = await newDatabase();
    await fill(from);
    await runInProcess(['export', file], environmentFor(from));
    const name = `usher_login_${randomBytes(6).toString('hex')}`;
    const made = await createTestDatabase(server, 'template0');
    const url = new URL(made.url.reveal());
    await withClient(server.url, async (admin) => {
      await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD 'p'`);
      await admin.query(`ALTER DATABASE ${url.pathname.slice(1)} OWNER TO ${name}`);
    });
    onTestFinished(async () => {
      await made.drop();
      await withClient(server.url, (admin) => admin.query(`DROP ROLE ${name}`));
    });
    [url.username, url.password] = [name, 'p'];
    const env = environmentFor(new Secret(url.href));
    expect(await runInProcess(['import', file], env)).toStrictEqual(done(/rows of facts: 26\n/));
    expect((await rowsOf(made.url))['facts']).toEqual((await rowsOf(from))['facts']);
    // Also that row-level security is in force again.
    const again = newFile();
    expect(await runInProcess(['export', again], env)).toStrictEqual({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(
        /^The login of DATABASE_URL may not read every row \(42501\)/,
      ) as unknown,
    });
    await expect(stat(again)).rejects.toThrow('ENOENT');
  });
});

describe('usher import refuses', () => {
  let lines: readonly string[];
  let target: Secret;
  beforeAll(async () => {
    const { url, drop } = await createTestDatabase();
    await fill(url);
    const file = newFile();
    await runInProcess(['export', file], environmentFor(url));
    await drop();
    lines = (await readFile(file, 'utf8')).split('\n').slice(0, -1);
    const made = await createTestDatabase();
    target = made.url;
    return made.drop;
  });

  const importing = async (content: string | Uint8Array) => {
    const file = newFile();
    await writeFile(file, content);
    return runInProcess(['import', file], environmentFor(target));
  };
  const text = (changed: readonly string[]) => changed.map((line) => `${line}\n`).join('');
  const header = (changes: object) =>
    JSON.stringify({ ...(JSON.parse(lines[0] ?? '') as object), ...changes });
  const row = (table: string, fields: object) => JSON.stringify({ table, row: fields });
  const fact = { kind: 'k', ids: ['x'], updated_at: '2026-01-01' };

  it.each<[string, () => string | Uint8Array, string]>([
    ['no export', () => 'CREATE TABLE x ();\n', 'Line 1 is not a JSON object: '],
    ['an empty file', () => '', 'The file was cut short: '],
    ['rows without a first line', () => text(lines.slice(1)), 'The file is not an export of Usher'],
    ['a file cut within a row', () => text(lines).slice(0, -400), 'Line 12'],
    ['a file cut after a row', () => text(lines.slice(0, -1)), 'The file was cut short: '],
    ['a file cut after its first line', () => text(lines.slice(0, 1)), 'The file was cut short: '],
    ['a missing row', () => text(lines.toSpliced(9, 1)), 'The file is damaged: it has 1200 '],
    [
      'a row that is repeated',
      () => text(lines.toSpliced(9, 0, lines[9]!)),
      'The database refused',
    ],
    ['a row after the last line', () => text([...lines, lines[1]!]), 'Line 1235 follows the last'],
    [
      'a row of an unknown table',
      () => text(lines.toSpliced(3, 1, '{"row":{}}')),
      'Line 4 is neither a',
    ],
    ['another format', () => text([header({ format: 2 })]), 'The export has format 2, and'],
    ['another migration', () => text([header({ migration: '2030_x' })]), 'The export was written'],
    [
      'a damaged character',
      () => Buffer.from([...Buffer.from(`${lines[0]}\n`), 255]),
      'The file is d',
    ],
    [
      'a value that the table does not accept',
      () => text([lines[0]!, row('facts', { ...fact, fields: [] }), '{"end":{}}']),
      'The database refused a row of facts in lines 2 to 2 (23514).',
    ],
    [
      'a table that is not transferred',
      () => text([lines[0]!, row('tickets', { ticket_hash: 'x' }), '{"end":{}}']),
      'Line 2 is a row of "tickets", and this database has no such table',
    ],
    [
      'a system table',
      () => text([lines[0]!, row('pg_authid', { rolname: 'x' }), '{"end":{}}']),
      'Line 2 is a row of "pg_authid", and',
    ],
  ])('%s, and imports nothing', async (_what, content, message) => {
    const { code, stdout, stderr } = await importing(content());
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.slice(0, message.length)).toBe(message);
    expect(stderr).not.toMatch(/hash|quote/);
    expect(Object.values(await rowsOf(target)).flat()).toEqual([]);
  });

  it('a database that has rows, and does not change them', async () => {
    const url = await newDatabase();
    await withClient(url, (admin) => admin.query(`INSERT INTO orders VALUES ('1', '2')`));
    const before = await rowsOf(url);
    const file = newFile();
    await writeFile(file, text(lines));
    const { code, stderr } = await runInProcess(['import', file], environmentFor(url));
    expect([code, stderr]).toEqual([
      1,
      'This database has rows already, in facts. Import into a new database, before Usher is started on it.\n',
    ]);
    expect(await rowsOf(url)).toEqual(before);
  });
});

describe('the file', () => {
  it('is not overwritten, and is named if it cannot be read or written', async () => {
    const file = newFile();
    await writeFile(file, 'mine');
    const env = environmentFor(await newDatabase());
    const nowhere = join(file, 'x');
    const cases = [
      ['export', file, `${file} cannot be written: it already exists\n`],
      ['export', nowhere, `${nowhere} cannot be written: ENOTDIR\n`],
      [
        'import',
        `${file}.none`,
        `${file}.none cannot be read: there is no such file or directory\n`,
      ],
    ] as const;
    for (const [command, path, message] of cases) {
      expect(await runInProcess([command, path], env)).toStrictEqual({
        code: 1,
        stdout: '',
        stderr: message,
      });
    }
    expect(await readFile(file, 'utf8')).toBe('mine');
  });

  it('may be standard output and standard input', async () => {
    const [from, to] = [await newDatabase(), await newDatabase()];
    await fill(from);
    const { stdout, stderr, code } = await runCommand(['export', '-'], {
      env: environmentFor(from),
    });
    expect([code, stderr]).toEqual([0, expect.stringContaining('rows of facts: 26\n')]);
    const imported = await runCommand(['import', '-'], { env: environmentFor(to), input: stdout });
    expect(imported).toStrictEqual({ code: 0, stdout: stderr, stderr: '' });
    expect((await rowsOf(to))['facts']).toEqual((await rowsOf(from))['facts']);
  });
});

describe('moving the database', () => {
  const chat = userRequest({ fields: { channel_name: 'private-tenant.1.escrow.77.chat' } });
  const ofSeller = { authorization: `Bearer ${userToken({ sub: '16' })}`, 'x-tenant-id': '1' };
  const ofOther = { authorization: `Bearer ${userToken({ sub: '17' })}`, 'x-tenant-id': '1' };
  const post = (path: string, method: string, body: object) => ({
    path,
    method,
    body: JSON.stringify(body),
    headers: { 'content-type': 'application/json' },
  });
  const issued_before = new Date(testNow + 1_000).toISOString();
  const start = async (env: Environment) => {
    const app = await startApp(loadConfig(env), createTestClock(testNow).clock);
    let stopped: Promise<void> | undefined;
    const stop = () => (stopped ??= app.stop());
    onTestFinished(stop);
    return { ...app.addresses, stop };
  };
  const respondsTo = async (base: string) => {
    const all = [chat, { ...chat, headers: ofSeller }, { ...chat, headers: ofOther }];
    return Promise.all(all.map(async (request) => (await send(base, request)).status));
  };

  it('to a server and back keeps the access of all users', async () => {
    const { dataDir, remove } = await makeDataDir();
    onTestFinished(remove);
    const env = { ...testEnvironment, DATA_DIR: dataDir };
    const old = await start(env);
    const fact = { buyer_id: '15', seller_id: '16', status: 'FUNDED' };
    const path = '/resources/tenants/1/escrows/77';
    expect((await send(old.operator, post(path, 'PUT', fact))).status).toBe(200);
    expect(await respondsTo(old.public)).toEqual([200, 200, 403]);
    await send(old.operator, post('/revocations', 'POST', { user_id: '16', issued_before }));
    expect(await respondsTo(old.public)).toEqual([200, 401, 403]);

    const file = newFile();
    // Beside the running Usher.
    expect((await runInProcess(['export', file], env)).stderr).toBe('');
    const second = await runInProcess(['import', file], env);
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/^Another Usher uses this DATA_DIR; stop it/);
    await old.stop();

    const at = environmentFor(await newDatabase());
    expect((await runInProcess(['import', file], at)).stderr).toBe('');
    const server = await start(at);
    expect(await respondsTo(server.public)).toEqual([200, 401, 403]);
    await send(server.operator, post('/revocations', 'POST', { user_id: '15', issued_before }));
    expect(await respondsTo(server.public)).toEqual([401, 401, 403]);
    await server.stop();

    const home = await makeDataDir();
    onTestFinished(home.remove);
    const back = newFile();
    expect((await runInProcess(['export', back], at)).stderr).toBe('');
    const restored = { ...testEnvironment, DATA_DIR: home.dataDir };
    expect((await runInProcess(['import', back], restored)).stderr).toBe('');
    expect(await respondsTo((await start(restored)).public)).toEqual([401, 401, 403]);
  });
});

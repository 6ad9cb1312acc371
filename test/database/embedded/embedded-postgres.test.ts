import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { serverAccount } from '../../../src/database/embedded/account.ts';
import { findBinaries } from '../../../src/database/embedded/binaries.ts';
import { ensureCluster } from '../../../src/database/embedded/cluster.ts';
import { startEmbeddedPostgres } from '../../../src/database/embedded/embedded-postgres.ts';
import { StartRefused } from '../../../src/runtime/start-refused.ts';
import { withClient } from '../../support/database.ts';
import { freeze } from '../../support/freeze.ts';
import type { Instance } from '../../support/instance.ts';
import { makeDataDir, makeLog, serverPid, startInstance } from '../../support/instance.ts';

const start = (dataDir: string) => startEmbeddedPostgres({ dataDir, log: makeLog() });
const children = new Set<ChildProcess>();

/** Another process with the embedded server, in its own process group like a command of a terminal. */
async function startInOtherProcess(dataDir: string, until = 'ready') {
  const script = fileURLToPath(new URL('../../support/hold-embedded.ts', import.meta.url));
  const child = spawn(process.execPath, ['--import', 'tsx', script, dataDir], {
    stdio: ['ignore', 'pipe', 'inherit'],
    detached: true,
  });
  children.add(child);
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout });
  const output: string[] = [];
  lines.on('line', (line) => output.push(line));
  if (until !== '') await vi.waitUntil(() => output.includes(until), { timeout: 60_000 });
  return { child, output, exited };
}

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

describe('a running embedded server', () => {
  let instance: Instance;
  const query = async (sql: string) => {
    const result = await withClient(instance.server.url, (admin) => admin.query(sql));
    return result.rows as Record<string, unknown>[];
  };

  beforeAll(async () => {
    instance = await startInstance();
  });
  afterAll(() => instance.close());

  it('restricts its files and its socket to its own account, and listens on no other address', async () => {
    const home = join(instance.dataDir, 'postgres');
    const modes = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await modes(home)).toBe('700');
    expect(await modes(join(home, 'data'))).toBe('700');
    expect(await modes(join(home, 'password'))).toBe('600');
    expect(await modes(join(home, 'log'))).toBe('600');
    expect(await query('SHOW listen_addresses')).toEqual([{ listen_addresses: '' }]);
    expect(await query('SHOW unix_socket_directories')).toEqual([
      { unix_socket_directories: `"${home}"` },
    ]);
  });

  it('exposes its password neither in its log nor on its command line nor to its children', async () => {
    const password = new URL(instance.server.url.reveal()).password;
    expect(password.length).toBeGreaterThan(40);
    const home = join(instance.dataDir, 'postgres');
    expect(await readFile(join(home, 'log'), 'utf8')).not.toContain(password);
    expect(instance.log.lines.join()).not.toContain(password);
    if (process.platform !== 'linux') return;
    const pid = String(await serverPid(instance.dataDir));
    expect(await readFile(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(password);
    expect(Object.keys(process.env).length).toBeGreaterThan(5);
    const environment = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0');
    expect(environment.filter((one) => one !== '').sort()).toEqual(
      expect.arrayContaining(['LC_ALL=C', 'PATH=/usr/bin:/bin', 'TZ=UTC']),
    );
    expect(environment.some((one) => one.startsWith('NODE_') || one.startsWith('VITEST'))).toBe(
      false,
    );
  });

  it('refuses connections without the password', async () => {
    const url = new URL(instance.server.url.reveal());
    for (const password of ['', 'guess']) {
      url.password = password;
      await expect(withClient(url.href, (client) => client.query('SELECT 1'))).rejects.toThrow(
        /password/,
      );
    }
  });

  it('is durable and deterministic', async () => {
    const settings = `SELECT current_setting('fsync') AS fsync, current_setting('data_checksums') AS checksums,
      current_setting('synchronous_commit') AS commits, pg_encoding_to_char(encoding) AS encoding, datcollate AS collation
      FROM pg_database WHERE datname = current_database()`;
    expect(await query(settings)).toEqual([
      { fsync: 'on', checksums: 'on', commits: 'on', encoding: 'UTF8', collation: 'C' },
    ]);
  });

  it('writes no row values to its log', async () => {
    await query('CREATE TABLE t (secret_note text CHECK (length(secret_note) < 3))');
    await expect(query(`INSERT INTO t VALUES ('private words')`)).rejects.toThrow('t_secret_note');
    const log = await readFile(join(instance.dataDir, 'postgres', 'log'), 'utf8');
    expect(log).toContain('violates check constraint');
    expect(log).not.toContain('private words');
  });

  it('refuses a second Usher, and continues to serve the first', async () => {
    const second = start(instance.dataDir);
    await expect(second).rejects.toThrow(StartRefused);
    await expect(second).rejects.toThrow('Another Usher uses this DATA_DIR');
    expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  const isRestarted = () => instance.log.lines.some((line) => line.includes('is available again'));

  it('is logged and restarted when it exits', async () => {
    const before = await serverPid(instance.dataDir);
    instance.log.lines.length = 0;
    process.kill(before, 'SIGKILL');
    await vi.waitUntil(isRestarted, { timeout: 50_000 });
    expect(instance.log.lines[0]).toContain('closed its connection');
    expect(await serverPid(instance.dataDir)).not.toBe(before);
    expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await expect(start(instance.dataDir)).rejects.toThrow('Another Usher uses this DATA_DIR');
  });

  it('is restarted when the sessions of the previous server have ended', async () => {
    const session = new Client({ connectionString: instance.server.url.reveal() });
    session.on('error', () => undefined);
    await session.connect();
    const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    instance.log.lines.length = 0;
    const resume = await freeze(rows[0]!.pid);
    process.kill(await serverPid(instance.dataDir), 'SIGKILL');
    const log = () => readFile(join(instance.dataDir, 'postgres', 'log'), 'utf8');
    await vi.waitUntil(async () => (await log()).includes('still in use'), { timeout: 50_000 });
    expect(isRestarted()).toBe(false);
    resume();
    await vi.waitUntil(isRestarted, { timeout: 50_000 });
    expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('is restarted when the cause of the failure is removed', async () => {
    const control = join(instance.dataDir, 'postgres', 'data', 'global', 'pg_control');
    instance.log.lines.length = 0;
    await rename(control, `${control}.away`);
    process.kill(await serverPid(instance.dataDir), 'SIGKILL');
    const attempts = () =>
      instance.log.lines.filter((line) => line.includes('could not be started; Usher retries'));
    await vi.waitUntil(() => attempts().length >= 2, { timeout: 50_000 });
    await rename(`${control}.away`, control);
    await vi.waitUntil(isRestarted, { timeout: 50_000 });
    expect(await query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});

describe('an embedded server that was stopped', () => {
  let instance: Instance;
  beforeAll(async () => {
    instance = await startInstance();
    await withClient(instance.server.url, (admin) => admin.query('CREATE TABLE kept (n int)'));
  });
  beforeEach(() => instance.stop());
  afterAll(() => instance.close());

  const home = () => join(instance.dataDir, 'postgres');
  const startsWithItsData = async () => {
    const server = await instance.restart();
    expect(server.url.reveal()).toBe(instance.server.url.reveal());
    await withClient(server.url, (admin) => admin.query('SELECT n FROM kept'));
  };

  it('starts again with its data and its password; a second stop has no effect', async () => {
    await instance.stop();
    await startsWithItsData();
  });

  /** A process of the server's own account: PostgreSQL would not mistake one of another account for a server. */
  const otherProcess = async () => {
    const { uid, gid } = await stat(home());
    const child = spawn('sleep', ['1000'], { uid, gid, cwd: '/', stdio: 'ignore' });
    children.add(child);
    await once(child, 'spawn');
    return child.pid!;
  };
  it.each([
    ['a process that is not a server', otherProcess],
    ['ourselves', () => process.pid],
    ['the first process of the container', () => 1],
    ['a process that no longer exists', () => 4_194_000],
  ])('starts although the PID file of a dead server names %s', async (_what, makePid) => {
    const pid = await makePid();
    const { uid, gid } = await stat(home());
    const start = `${String(pid)}\n${home()}/data\n1700000000\n5432\n${home()}\n`;
    for (const [path, text] of [
      [join(home(), 'data', 'postmaster.pid'), `${start}\n  123 456\nready   \n`],
      [join(home(), '.s.PGSQL.5432.lock'), start],
      [join(home(), '.s.PGSQL.5432'), ''],
    ] as const) {
      await writeFile(path, text, { mode: 0o600 });
      await chown(path, uid, gid);
    }
    await startsWithItsData();
  });

  it('is started by exactly one of four concurrent processes', async () => {
    const starts = await Promise.allSettled(
      Array.from({ length: 4 }, () => start(instance.dataDir)),
    );
    const won = starts.filter((one) => one.status === 'fulfilled');
    for (const lost of starts.filter((one) => one.status === 'rejected')) {
      expect(String(lost.reason)).toContain('Another Usher uses this DATA_DIR');
    }
    expect(won).toHaveLength(1);
    await won[0]!.value.stop();
  });
});

describe('the first start of an embedded server', () => {
  let directory: Awaited<ReturnType<typeof makeDataDir>>;
  beforeEach(async () => {
    directory = await makeDataDir();
  });
  afterEach(() => directory.remove());

  it('is performed by exactly one of three concurrent processes', async () => {
    const starts = await Promise.allSettled(
      Array.from({ length: 3 }, () => start(directory.dataDir)),
    );
    const won = starts.filter((one) => one.status === 'fulfilled');
    for (const lost of starts.filter((one) => one.status === 'rejected')) {
      expect(String(lost.reason)).toContain('Another Usher uses this DATA_DIR');
    }
    expect(won).toHaveLength(1);
    expect(await readdir(directory.dataDir)).toEqual(['postgres']);
    await won[0]!.value.stop();
  });

  it('is repeated after an interruption', async () => {
    const { child, exited } = await startInOtherProcess(directory.dataDir, '');
    const isInitializing = async () => {
      const names = await readdir(directory.dataDir).catch(() => []);
      return names.some((name) => name.startsWith('postgres.new-'));
    };
    await vi.waitUntil(isInitializing, { timeout: 60_000, interval: 1 });
    child.kill('SIGKILL');
    await exited;
    const server = await start(directory.dataDir);
    await withClient(server.url, (admin) => admin.query('SELECT 1'));
    expect(await readdir(directory.dataDir)).toEqual(['postgres']);
    await server.stop();
  });

  it('listens on loopback if the path is too long for a socket', async () => {
    const dataDir = join(directory.dataDir, 'a,long"path'.repeat(12));
    const server = await start(dataDir);
    expect(new URL(server.url.reveal()).searchParams.get('host')).toBe('127.0.0.1');
    await withClient(server.url, async (admin) => {
      const { rows } = await admin.query('SHOW listen_addresses');
      expect(rows).toEqual([{ listen_addresses: '127.0.0.1' }]);
    });
    await expect(start(dataDir)).rejects.toThrow('Another Usher uses this DATA_DIR');
    await server.stop();
  });

  it('supports a socket directory with a comma, a quote and a space', async () => {
    const server = await start(join(directory.dataDir, 'a, "b" c'));
    await withClient(server.url, (admin) => admin.query('SELECT 1'));
    await server.stop();
  });

  // Root can write everywhere; test/database/embedded/reachable-files.test.ts covers a private directory.
  it.skipIf(process.getuid?.() === 0)(
    'suggests DATABASE_URL if the directory cannot be used',
    async () => {
      const closed = join(directory.dataDir, 'closed');
      await mkdir(closed, { recursive: true });
      await chmod(closed, 0o500);
      const refused = start(join(closed, 'data'));
      await expect(refused).rejects.toThrow(StartRefused);
      await expect(refused).rejects.toThrow('DATABASE_URL');
    },
  );

  it('suggests DATABASE_URL if there is no such server for the platform', () => {
    expect(() => findBinaries('sunos', 'sparc' as never)).toThrow(StartRefused);
    expect(() => findBinaries('sunos', 'sparc' as never)).toThrow('DATABASE_URL');
  });

  it('reports the output of initdb if it fails', async () => {
    const binaries = { ...findBinaries(), initdb: join(directory.dataDir, 'initdb') };
    await mkdir(directory.dataDir, { mode: 0o755 });
    const script = '#!/bin/sh\necho "initdb: could not look up user" >&2; exit 1\n';
    await writeFile(binaries.initdb, script, { mode: 0o755 });
    const options = { dataDir: directory.dataDir, binaries, account: await serverAccount() };
    const refused = ensureCluster(options);
    await expect(refused).rejects.toThrow(StartRefused);
    await expect(refused).rejects.toThrow(/\(could not look up user\); set DATABASE_URL/);
    await writeFile(binaries.initdb, '#!/no/such/interpreter\n');
    await expect(ensureCluster(options)).rejects.toThrow(/needs glibc .* DATABASE_URL/);
    expect(await readdir(directory.dataDir)).toEqual(['initdb']);
  });

  it('reports why the server does not start', async () => {
    const server = await start(directory.dataDir);
    await server.stop();
    await writeFile(join(directory.dataDir, 'postgres', 'data', 'PG_VERSION'), '17\n');
    const refused = start(directory.dataDir);
    await expect(refused).rejects.toThrow(StartRefused);
    await expect(refused).rejects.toThrow(/did not start .* incompatible with server/);
  });
});

describe('another Usher process', () => {
  let directory: Awaited<ReturnType<typeof makeDataDir>>;
  beforeEach(async () => {
    directory = await makeDataDir();
  });
  afterEach(() => directory.remove());

  it('leaves its server to the next process when it is killed', async () => {
    const { child, exited } = await startInOtherProcess(directory.dataDir);
    await expect(start(directory.dataDir)).rejects.toThrow('Another Usher uses this DATA_DIR');
    const pid = await serverPid(directory.dataDir);
    child.kill('SIGKILL');
    await exited;
    const server = await start(directory.dataDir);
    expect(await serverPid(directory.dataDir)).toBe(pid);
    await withClient(server.url, (admin) => admin.query('SELECT 1'));
    await server.stop();
    await expect(serverPid(directory.dataDir)).rejects.toThrow('ENOENT');
  });

  it('still has its database after Ctrl-C, and stops it', async () => {
    const { child, output, exited } = await startInOtherProcess(directory.dataDir);
    process.kill(-child.pid!, 'SIGINT');
    expect(await exited).toEqual([0, null]);
    expect(output).toContain('answered after SIGINT');
    await expect(serverPid(directory.dataDir)).rejects.toThrow('ENOENT');
  });

  it('has no signal handlers of the embedded server', async () => {
    const handlers = () =>
      ['SIGINT', 'SIGTERM', 'SIGHUP', 'exit'].map((s) => process.listenerCount(s));
    const before = handlers();
    const server = await start(directory.dataDir);
    expect(handlers()).toEqual(before);
    await server.stop();
  });
});

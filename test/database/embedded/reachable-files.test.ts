import { chmod, cp, mkdir, readdir, readlink, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serverAccount } from '../../../src/database/embedded/account.ts';
import { findBinaries } from '../../../src/database/embedded/binaries.ts';
import { reachableBinaries } from '../../../src/database/embedded/reachable-files.ts';
import { startEmbeddedPostgres } from '../../../src/database/embedded/embedded-postgres.ts';
import { connectOrStart } from '../../../src/database/embedded/connect-or-start.ts';
import { withClient } from '../../support/database.ts';
import { makeDataDir, makeLog } from '../../support/instance.ts';

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.log('Skipped: Usher as root in a private directory, which needs root.');

describe('a directory in which no file can be created', () => {
  it.each(['/proc/data', '/dev/null', '/dev/null/data'])('%s is refused', async (dataDir) => {
    const log = makeLog();
    await expect(startEmbeddedPostgres({ dataDir, log })).rejects.toThrow(
      `cannot use DATA_DIR ${dataDir} (`,
    );
  });
});

describe.skipIf(!isRoot)('root with a private data directory', () => {
  let directory: Awaited<ReturnType<typeof makeDataDir>>;
  let home: string;
  let sharedDirectory: string;
  beforeEach(async () => {
    directory = await makeDataDir();
    home = join(dirname(directory.dataDir), 'private');
    sharedDirectory = join(dirname(directory.dataDir), 'shared');
    await mkdir(home, { mode: 0o700 });
  });
  afterEach(() => directory.remove());

  const start = async (dataDir: string) => {
    const log = makeLog();
    return { log, server: await startEmbeddedPostgres({ dataDir, log, sharedDirectory }) };
  };

  it('stores the database elsewhere, always in the same place, and logs the path', async () => {
    const dataDir = join(home, 'data');
    const first = await start(dataDir);
    await withClient(first.server.url, (client) => client.query('CREATE TABLE kept (n int)'));
    const database = await readlink(join(dataDir, 'postgres'));
    expect(database.startsWith(`${sharedDirectory}/`)).toBe(true);
    expect(first.log.lines.join()).toContain(dirname(database));
    // Commands find it by DATA_DIR while Usher runs.
    const found = await connectOrStart({ dataDir, log: makeLog() });
    await withClient(found.url, (client) => client.query('SELECT n FROM kept'));
    await first.server.stop();

    // The link is only for commands: the directory is derived from DATA_DIR.
    await rm(join(dataDir, 'postgres'));
    const second = await start(dataDir);
    await withClient(second.server.url, (client) => client.query('SELECT n FROM kept'));
    expect(second.log.lines.join()).toContain(dirname(database));
    await second.server.stop();
    expect((await stat(database)).mode & 0o777).toBe(0o700);
  });

  it('does not start with an empty database if the previous one is missing', async () => {
    const dataDir = join(home, 'data');
    await (await start(dataDir)).server.stop();
    await rm(sharedDirectory, { recursive: true });
    await expect(start(dataDir)).rejects.toThrow(/was in .* and does not exist any more/);
  });

  it('keeps the database in DATA_DIR if only DATA_DIR itself is private, like a new volume', async () => {
    const volume = join(dirname(directory.dataDir), 'volume');
    await mkdir(volume, { mode: 0o700 });
    await (await start(volume)).server.stop();
    expect((await stat(join(volume, 'postgres'))).isDirectory()).toBe(true);
  });

  it('does not change the mode of a private directory with other files', async () => {
    await mkdir(join(home, 'letters'));
    await (await start(home)).server.stop();
    expect((await stat(home)).mode & 0o777).toBe(0o700);
  });

  it('runs a copy of programs that other users cannot read, with any umask of the installation', async () => {
    const installed = findBinaries();
    const native = join(home, 'native');
    await cp(dirname(dirname(installed.postgres)), native, {
      recursive: true,
      verbatimSymlinks: true,
    });
    for (const entry of await readdir(native, { recursive: true, withFileTypes: true })) {
      if (!entry.isSymbolicLink()) await chmod(join(entry.parentPath, entry.name), 0o700);
    }
    const binaries = { ...installed, postgres: join(native, 'bin/postgres') };
    const log = makeLog();
    const reach = { account: await serverAccount(), sharedDirectory, log };
    const copied = await reachableBinaries(binaries, reach);
    expect(copied.postgres).toBe(
      join(sharedDirectory, `postgresql-${binaries.version}`, 'bin/postgres'),
    );
    expect(log.lines.join()).toContain(sharedDirectory);
    expect(await reachableBinaries(copied, reach)).toBe(copied);
    expect(await readdir(sharedDirectory)).toStrictEqual([`postgresql-${binaries.version}`]);
  });
});

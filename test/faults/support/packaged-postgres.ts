import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chown, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';

import { inject } from 'vitest';

import { serverAccount } from '../../../src/database/embedded/account.ts';
import { freePort } from '../../support/free-port.ts';
import { query } from './postgres.ts';

/** The programs of a PostgreSQL package of Debian, of one version: `pg_dump` reads no server that is newer than itself. */
export const packagedPrograms = ((): string | undefined => {
  const home = '/usr/lib/postgresql';
  const versions = existsSync(home) ? readdirSync(home) : [];
  return versions
    .map((version) => join(home, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'pg_dump')));
})();

/** A fresh cluster on a free loopback port, whose superuser needs no password. */
export async function startPackagedPostgres() {
  const account = await serverAccount();
  const home = await mkdtemp(join(inject('faultDirectory'), 'packaged-'));
  if (account !== undefined) await chown(home, account.uid, account.gid);
  const data = join(home, 'data');
  const port = await freePort();
  const run = (program: string, args: readonly string[]) =>
    execFileSync(join(packagedPrograms!, program), args, {
      ...account,
      cwd: '/',
      stdio: 'ignore',
    });
  run('initdb', ['-D', data, '-U', 'usher', '-A', 'trust', '-E', 'UTF8', '--no-sync']);
  const options = `-p ${String(port)} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
  run('pg_ctl', ['-D', data, '-l', join(home, 'log'), '-w', '-o', options, 'start']);
  const url = `postgresql://usher@127.0.0.1:${String(port)}/postgres`;
  return {
    url,
    query: <Row extends object>(text: string) => query<Row>(url, text),
    stop: () => {
      run('pg_ctl', ['-D', data, '-m', 'immediate', '-w', 'stop']);
    },
  };
}

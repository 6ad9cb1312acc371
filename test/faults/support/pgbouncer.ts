import { execFileSync } from 'node:child_process';
import { chown, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { inject } from 'vitest';

import { serverAccount } from '../../../src/database/embedded/account.ts';
import { freePort } from '../../support/free-port.ts';
import { startPooler, type Pooler } from './pooler.ts';

/** Whether a PgBouncer can be started here. */
export const hasPgBouncer = ((): boolean => {
  try {
    execFileSync('pgbouncer', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
})();

/** Starts a PgBouncer on a free loopback port, in front of the server of this URL; resolves when it accepts connections. */
export async function startPgBouncer(server: string, settings: string): Promise<Pooler> {
  const directory = await mkdtemp(join(inject('faultDirectory'), 'pgbouncer-'));
  const url = new URL(server);
  const port = await freePort();
  const account = await serverAccount();
  await writeFile(join(directory, 'users'), `"${url.username}" "${url.password}"\n`);
  await writeFile(
    join(directory, 'ini'),
    `[databases]
* = host=127.0.0.1 port=${url.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${String(port)}
unix_socket_dir =
auth_type = plain
auth_file = ${join(directory, 'users')}
default_pool_size = 40
${settings}
`,
  );
  if (account !== undefined) await chown(directory, account.uid, account.gid);
  url.port = String(port);
  return startPooler(url.href, {
    command: ['pgbouncer', '-q', join(directory, 'ini')],
    account,
    directory,
    stopSignal: 'SIGKILL',
  });
}

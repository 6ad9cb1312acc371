import { spawnSync } from 'node:child_process';
import { chown, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { inject } from 'vitest';

import { serverAccount } from '../../../src/database/embedded/account.ts';
import { freePort } from '../../support/free-port.ts';
import { startPooler, type Pooler } from './pooler.ts';

/** Whether a Pgpool-II can be started here. */
export const hasPgpool = spawnSync('pgpool', ['--version']).status === 0;

/**
 * Starts a Pgpool-II on a free loopback port. The server of this URL is its primary, and once more its standby, which gets all
 * reads: a client has two sessions at the server.
 */
export async function startPgpool(server: string, settings = ''): Promise<Pooler> {
  const directory = await mkdtemp(join(inject('faultDirectory'), 'pgpool-'));
  const url = new URL(server);
  const port = await freePort();
  const account = await serverAccount();
  const file = join(directory, 'conf');
  const nodes = [0, 1].map(
    (node) => `backend_hostname${node} = '127.0.0.1'
backend_port${node} = ${url.port}
backend_weight${node} = ${node}`,
  );
  await writeFile(join(directory, 'users'), `${url.username}:TEXT${url.password}\n`);
  await writeFile(
    file,
    `listen_addresses = '127.0.0.1'
port = ${port}
pcp_listen_addresses = '127.0.0.1'
pcp_port = ${await freePort()}
socket_dir = '${directory}'
pcp_socket_dir = '${directory}'
wd_ipc_socket_dir = '${directory}'
work_dir = '${directory}'
logdir = '${directory}'
pid_file_name = '${join(directory, 'pid')}'
backend_clustering_mode = 'streaming_replication'
${nodes.join('\n')}
sr_check_period = 0
sr_check_user = '${url.username}'
sr_check_password = '${url.password}'
pool_passwd = 'users'
allow_clear_text_frontend_auth = on
${settings}
`,
  );
  if (account !== undefined) await chown(directory, account.uid, account.gid);
  url.port = String(port);
  return startPooler(url.href, {
    command: ['pgpool', '-n', '-f', file, '-F', '/dev/null', '-a', '/dev/null'],
    account,
    directory,
    // After SIGKILL its processes would live on.
    stopSignal: 'SIGINT',
  });
}

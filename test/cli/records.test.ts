import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Secret } from '../../src/runtime/secret.ts';
import { embeddedUrl } from '../e2e/support/audit.ts';
import { send, userRequest } from '../http/requests.ts';
import { createTestDatabase, withClient } from '../support/database.ts';
import { makeDataDir } from '../support/instance.ts';
import { runInProcess } from '../support/command-line.ts';
import { runCommand, logLines, startProgram } from '../support/program.ts';
import { shippedPolicy } from '../support/shipped-policy.ts';
import { hmacToken, userClaims } from '../support/tokens.ts';
import { testEnvironment } from '../support/usher.ts';
import type { Environment } from '../../src/config/read.ts';

const absent = '00000000-0000-4000-8000-000000000000';

/** Starts a service, requests another user's channel from it, and returns the id of the decision. */
async function makeRefusal(env: Environment) {
  const program = await startProgram('src/main.ts', { env: { ...env, LOG_LEVEL: 'info' } });
  onTestFinished(() => {
    program.signal('SIGKILL');
  });
  await program.until('"listening"');
  const line = logLines(program.stdout()).find(({ msg }) => msg === 'listening');
  const iat = Math.floor(Date.now() / 1000);
  const headers = {
    authorization: `Bearer ${hmacToken(userClaims({ iat, exp: iat + 600 }))}`,
    'user-agent': 'a browser\u009b31m',
  };
  const fields = { channel_name: 'private-tenant.1.user.16' };
  const response = await send(
    (line as { public: string }).public,
    userRequest({ headers, fields }),
  );
  expect(response.status).toBe(403);
  return { id: response.headers.get('x-decision-id') ?? '', program };
}

describe('with the embedded database', () => {
  it('explain and prune work while Usher is running, and without it', async () => {
    const { dataDir, remove } = await makeDataDir();
    onTestFinished(remove);
    const env = { ...testEnvironment, DATA_DIR: dataDir };
    const { id, program } = await makeRefusal(env);
    const explained = async () => {
      const { code, stdout, stderr } = await runCommand(['explain', id], { env });
      // Exit code 1, because the decision is a refusal.
      expect([code, stderr]).toStrictEqual([1, '']);
      return stdout;
    };
    const beside = await explained();
    expect(beside).toMatch(/^Refused: not-allowed\n/);
    expect(beside).toContain(`decision    ${id}\n`);
    expect(beside).toContain('action      subscribe private-tenant.1.user.16 (');
    expect(beside).toContain(`policy      ${shippedPolicy.hash}\n`);
    expect(beside).toContain('principal   user 15, tenant 1\n');
    expect(beside).toContain('remedy      See the failed check.');
    expect(beside).toContain('✗ channel is the user’s own  <- the first failed check\n');
    expect(beside).toMatch(/ {2}✓ /);
    // A terminal would read U+009B as the start of a control sequence.
    expect(beside).toContain('a browser\uFFFD31m');
    const pruning = await runCommand(['prune', '--audit', '1d'], { env });
    expect(pruning).toMatchObject({ code: 0, stdout: 'rows removed from audit_log: 0\n' });

    program.signal('SIGTERM');
    expect(await program.ended).toBe(0);
    // Each command now starts and stops the server itself.
    expect(await explained()).toBe(beside);
    expect(await explained()).toBe(beside);
  });

  it('explain evaluates the policy while Usher is running, and writes no row', async () => {
    const { dataDir, remove } = await makeDataDir();
    onTestFinished(remove);
    const env = { ...testEnvironment, DATA_DIR: dataDir };
    await makeRefusal(env);
    const iat = Math.floor(Date.now() / 1000);
    const token = hmacToken(userClaims({ iat, exp: iat + 600 }));
    const explained = async (channel: string, ...more: readonly string[]) => {
      const args = ['explain', '--channel', channel, '--token', token, ...more];
      const { code, stdout, stderr } = await runCommand(args, { env });
      expect([code, stderr]).toStrictEqual([stdout.startsWith('Would be granted\n') ? 0 : 1, '']);
      expect(stdout).not.toContain(token.split('.')[1]);
      return stdout;
    };
    // The demo's escrow: the fact is read from the database.
    const chat = await explained('private-tenant.1.escrow.42.chat', '--tenant', '1');
    expect(chat).toMatch(/^Would be granted\n/);
    expect(chat).toContain('credential  bearer\n');
    expect(chat).toContain('principal   user 15\n');
    expect(chat).toContain('fact        escrow/1/42 (pushed)\n');
    expect(chat).not.toContain('✗');
    const words = ['--channel', 'private-tenant.1.escrow.42.chat', '--tenant', '1'];
    const unseen = ['explain', ...words, '--token-stdin'];
    expect(await runCommand(unseen, { env, input: `${token}\n` })).toStrictEqual({
      code: 0,
      stdout: chat,
      stderr: '',
    });
    const other = await explained('private-tenant.1.user.16', '--tenant', '1');
    expect(other).toMatch(/^Would be refused: not-allowed\n/);
    expect(other).toContain('✗ channel is the user’s own  <- the first failed check\n');
    const unknown = await explained('private-tenant.1.escrow.77.chat', '--tenant', '1');
    expect(unknown).toContain('fact        escrow/1/77 (pushed): not found\n');
    expect(unknown).toContain('✗ required fact escrow exists\n');
    const headless = await explained('private-tenant.1.user.15');
    expect(headless).toContain('✗ request names a tenant  <- the first failed check\n');
    const guest = await explained('private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123');
    expect(guest).toContain('credential  guest-token\n');
    expect(guest).toContain(
      '✗ signature of the token is valid (HS256)  <- the first failed check\n',
    );
    const url = await embeddedUrl(join(dataDir, 'postgres'));
    const { rows } = await withClient(new Secret(url), (admin) =>
      admin.query<{ count: string }>('SELECT count(*) FROM audit_log'),
    );
    // The one that the running Usher made.
    expect(rows).toEqual([{ count: '1' }]);
  });

  it('is not created if it does not exist', async () => {
    const { dataDir, remove } = await makeDataDir();
    onTestFinished(remove);
    const env = { ...testEnvironment, DATA_DIR: dataDir };
    for (const args of [
      ['explain', absent],
      ['prune', '--audit', '90d'],
    ]) {
      const { code, stderr } = await runCommand(args, { env });
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^There is no database under /)]);
    }
  });
});

describe('with a DATABASE_URL', () => {
  it('prune removes rows older than the given age, and no others', async () => {
    const database = await createTestDatabase();
    onTestFinished(database.drop);
    const env = { ...testEnvironment, DATABASE_URL: database.url.reveal() };
    await withClient(database.url, (admin) =>
      admin.query(
        `INSERT INTO audit_log (decision_id, at, action, outcome, checks, request_id, address)
         SELECT age::text, now() - age * interval '1 day', 'subscribe', 'grant', '[]', 'r', '::1'
         FROM unnest(ARRAY[0, 89, 91, 500]) AS age;
         INSERT INTO security_events (at, signal, request_id, address)
         SELECT now() - age * interval '1 day', 'cross-tenant', 'r', '::1'
         FROM unnest(ARRAY[0, 399, 401]) AS age`,
      ),
    );
    const args = ['prune', '--audit', '90d', '--security', '400d'];
    expect(await runCommand(args, { env })).toStrictEqual({
      code: 0,
      stdout: 'rows removed from audit_log: 2\nrows removed from security_events: 1\n',
      stderr: '',
    });
    const kept = await withClient(database.url, (admin) =>
      admin.query<{ id: string }>('SELECT decision_id AS id FROM audit_log ORDER BY id'),
    );
    expect(kept.rows.map(({ id }) => id)).toEqual(['0', '89']);
    const unknown = await runCommand(['explain', absent], { env });
    expect([unknown.code, unknown.stderr]).toEqual([
      1,
      `There is no decision ${absent} in the audit log\n`,
    ]);
  });

  it('an outage is reported in one message, without the address', async () => {
    const url = 'postgres://teller:hidden-word@127.0.0.1:1/bank';
    const { code, stderr } = await runCommand(['explain', absent], {
      env: { ...testEnvironment, DATABASE_URL: url },
    });
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Usher cannot continue: database is unavailable .*\n$/);
    expect(stderr).not.toMatch(/hidden-word|postgres:/);
  });
});

describe('a wrong call', () => {
  it.each([
    'prune',
    'prune --audit',
    'prune --audit 0d',
    'prune --audit -1d',
    'prune --audit 90',
    'prune --audit 90h',
    'prune --audit 1.5d',
    'prune --audit 10000d',
    'prune --security 090d',
    'prune --tickets 90d',
    'prune 90d',
    'explain',
    'explain 7',
    'explain --channel private-x',
    'explain --token x',
    'explain --channel private-x --token-stdin=x',
    'explain --channel private-x --token x --role admin',
    `explain ${absent} ${absent}`,
  ])('%s', async (line) => {
    const words = line.split(' ');
    const { code, stdout, stderr } = await runInProcess(words, testEnvironment);
    expect([code, stdout]).toStrictEqual([2, '']);
    expect(stderr).toMatch(/^error: /);
  });
});

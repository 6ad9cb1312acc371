import { expect, it } from 'vitest';
import { createProgress } from '../../src/cli/progress.ts';
import { runInProcess, runOnTerminal } from '../support/command-line.ts';
import { withClient } from '../support/database.ts';
import { testEnvironment, useUsher } from '../support/usher.ts';

const erase = '\r\u001b[2K';

function start(terminal: { readonly isTTY?: boolean; readonly columns?: number }) {
  const clock = { now: 0 };
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  return { clock, written, progress: createProgress({ ...terminal, write }, () => clock.now) };
}

it('replaces its line at most ten times a second, and removes it at the end', () => {
  const { clock, written, progress } = start({ isTTY: true });
  for (let i = 0; i < 1_000; i += 1) {
    clock.now = i;
    progress.show(`${i} of 1000`);
  }
  expect(written).toHaveLength(10);
  expect(written.slice(0, 2)).toEqual([`${erase}0 of 1000`, `${erase}100 of 1000`]);
  progress.clear();
  expect(written.at(-1)).toBe(erase);
  progress.clear();
  expect(written).toHaveLength(11);
});

it('fits the width of the terminal', () => {
  const { written, progress } = start({ isTTY: true, columns: 20 });
  progress.show('x'.repeat(100));
  expect(written).toEqual([erase + 'x'.repeat(19)]);
});

it('writes nothing to a file or a pipe', () => {
  for (const terminal of [{}, { isTTY: false }]) {
    const { written, progress } = start(terminal);
    progress.show('1 of 2');
    progress.clear();
    expect(written).toEqual([]);
  }
});

it('usher policy test shows the number of cases', async () => {
  const args = ['policy', 'test', 'policies/tenants'];
  const { stdout, stderr } = await runOnTerminal(args);
  const printed = stderr.split(erase).slice(1);
  const total = printed.length - 1;
  expect(printed[0]).toBe(`1 of ${total} cases`);
  expect(printed.slice(-2)).toEqual([`${total} of ${total} cases`, '']);
  const piped = await runInProcess(args);
  expect([piped.stdout, piped.stderr]).toEqual([stdout, '']);
});

const usher = useUsher();
const environment = () => ({ ...testEnvironment, DATABASE_URL: usher.database.reveal() });

it('usher doctor prints its current check', async () => {
  const env = { ...environment(), PUSHER_HOST: '127.0.0.1', PUSHER_PORT: '1' };
  const { stdout, stderr } = await runOnTerminal(['doctor', '--url', usher.public], env);
  expect(stdout).toContain('the Pusher server');
  expect(stderr.split(erase)).toEqual([
    ...['', 'checking the policy', 'checking the Pusher server'],
    ...[`checking Usher at ${usher.public}`, 'checking the servers in the settings', ''],
  ]);
});

it('usher prune shows the number of rows', async () => {
  await withClient(usher.database.reveal(), async (client) => {
    await client.query("SET usher.operator = 'on'");
    await client.query(`INSERT INTO usher.security_events (id, at, signal, request_id, address)
      SELECT gen_random_uuid(), '1990-01-01', 'revoked', 'r', '127.0.0.1' FROM generate_series(1, 2500)`);
  });
  const { code, stdout, stderr } = await runOnTerminal(
    ['prune', '--security', '9999d'],
    environment(),
  );
  expect([code, stdout]).toEqual([0, 'rows removed from security_events: 2500\n']);
  expect(stderr.split(erase)).toEqual([
    ...['', '1000 rows of security_events', '2000 rows of security_events'],
    ...['2500 rows of security_events', ''],
  ]);
});

it('is removed before an error is printed', async () => {
  const { code, stderr } = await runOnTerminal(['prune', '--audit', '1d'], {
    ...environment(),
    DATABASE_URL: 'postgres://u@127.0.0.1:1/d',
  });
  expect(code).not.toBe(0);
  expect(stderr).not.toMatch(/rows of[^\r]*\S+\n/);
});

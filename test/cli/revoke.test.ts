import { describe, expect, it } from 'vitest';
import { runCommand } from '../support/program.ts';
import { testEnvironment, useUsher } from '../support/usher.ts';

const operatorToken = 'an-operator-token-for-tests';

describe('usher revoke', () => {
  const usher = useUsher({ OPS_TOKEN: operatorToken });
  const revoke = (args: readonly string[], changes: Readonly<Record<string, string>> = {}) => {
    const { port } = new URL(usher.operator);
    const env = { ...testEnvironment, OPS_PORT: port, OPS_TOKEN: operatorToken, ...changes };
    return runCommand(['revoke', ...args], { env });
  };

  it('says in plain words what came of it', async () => {
    const moment = '2025-06-01T11:00:00.000Z';
    const { code, stdout, stderr } = await revoke(['--user', '15', '--issued-before', moment]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      `Revoked: what was issued before ${moment}.`,
      '- New authorizations are refused.',
      '- Tickets are refused.',
      '- WebSockets were closed: 0 at the replica that was asked, all others at once.',
      '- Connections at pusher that are not signed in cannot be ended: they stay until they end by themselves.',
      '',
    ]);
  });

  it.each([
    [['--hotel', 'grand-hotel', '--booking', 'B'], 0],
    [['--guest-session', 's'], 0],
    [['--token', 'j'], 0],
    [['--tenant', 't'], 0],
    [['--user', 'u', '--tenant', 't'], 0],
    [['--hotel', 'grand-hotel'], 1],
    [[], 1],
    [['--nobody', 'x'], 1],
  ])('with %j ends with %i', async (args, expected) => {
    const { code, stderr } = await revoke(args);
    expect(code).toBe(expected);
    if (expected !== 0)
      expect(stderr).toMatch(/^(Not revoked \(400\): Name exactly one|usher revoke)/);
  });

  it('says that nothing was revoked, and no token, where it is refused or nobody answers', async () => {
    const stranger = await revoke(['--user', '15'], { OPS_TOKEN: 'another-operator-token' });
    expect([stranger.code, stranger.stderr]).toEqual([
      1,
      'Not revoked (401): The operator’s token is required\n',
    ]);
    const nobody = await revoke(['--user', '15'], { OPS_PORT: '1' });
    expect([nobody.code, nobody.stderr]).toEqual([
      1,
      'No Usher answers at http://127.0.0.1:1/revocations: nothing is known to be revoked.\n',
    ]);
  });
});

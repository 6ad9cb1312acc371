import { describe, expect, it } from 'vitest';
import { runInProcess } from '../support/command-line.ts';
import { freePort } from '../support/free-port.ts';
import { testEnvironment, useUsher } from '../support/usher.ts';

const operatorToken = 'an-operator-token-for-tests';

describe('usher revoke', () => {
  const usher = useUsher({ OPS_TOKEN: operatorToken });
  const revoke = (args: readonly string[], changes: Readonly<Record<string, string>> = {}) => {
    const { port } = new URL(usher.operator);
    const env = { ...testEnvironment, OPS_PORT: port, OPS_TOKEN: operatorToken, ...changes };
    return runInProcess(['revoke', ...args], env);
  };

  it('prints the effects', async () => {
    const time = '2025-06-01T11:00:00.000Z';
    const { code, stdout, stderr } = await revoke(['--user', '15', '--issued-before', time]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n')).toEqual([
      `Revoked: credentials issued before ${time}.`,
      '- New authorizations are refused.',
      '- Tickets are refused.',
      '- WebSockets are closed: 0 at this replica, and those of other replicas.',
      '- Connections at pusher that are not signed in cannot be terminated: they stay open until they are closed.',
      '',
    ]);
  });

  it.each([
    [['--hotel', 'grand-hotel', '--booking', 'B'], 0],
    [['--guest-session', 's'], 0],
    [['--token', 'j'], 0],
    [['--tenant', 't'], 0],
    [['--user', 'u', '--tenant', 't'], 0],
    [['--hotel', 'grand-hotel'], 2],
    [['--user', 'u', '--token', 'j'], 2],
    [[], 2],
    [['--nobody', 'x'], 2],
    [['--user', 'u', '--issued-before', 'yesterday'], 2],
    [['--user', 'u', '--issued-before', '2025-02-30T11:00:00Z'], 1],
    [['--user', '\u200b'], 1],
  ])('with %j exits with %i, and prints the fields', async (args, expected) => {
    const { code, stderr } = await revoke(args);
    expect(code).toBe(expected);
    if (expected === 2) {
      expect(stderr).toMatch(/^error: (give exactly one of --user|unknown|--issued-before must)/);
    }
    expect(stderr).not.toMatch(/_id|_slug|issued_before/);
  });

  it('reports that nothing was revoked, without the token, if the request is refused or fails', async () => {
    const wrongToken = await revoke(['--user', '15'], { OPS_TOKEN: 'another-operator-token' });
    expect([wrongToken.code, wrongToken.stderr]).toEqual([
      1,
      'Not revoked (401): The operator’s token is required\n',
    ]);
    const port = String(await freePort());
    const unreachable = await revoke(['--user', '15'], { OPS_PORT: port });
    expect(unreachable.code).toBe(3);
    expect(unreachable.stderr).toBe(
      `No response from http://127.0.0.1:${port}/revocations: nothing listens at that address and port (ECONNREFUSED). The revocation may not be written. Run this command on the machine of Usher, with its OPS_HOST, OPS_PORT and OPS_TOKEN.\n`,
    );
    const refused = await revoke(['--user', '15'], { OPS_PORT: '6000' });
    expect(refused.stderr).toContain('fetch and browsers refuse that port (bad port)');
  });

  it.each(['--user', '--tenant', '--guest-session', '--token', '--hotel'])(
    'sends no request with an empty %s',
    async (option) => {
      const { code, stderr } = await revoke([option, ''], { OPS_PORT: '6000' });
      expect(code).toBe(2);
      expect(stderr).toMatch(/is empty/i);
    },
  );

  it('reports another server on that port', async () => {
    const { port } = new URL(usher.public);
    const other = await revoke(['--user', '15'], { OPS_PORT: port });
    expect([other.code, other.stderr]).toEqual([
      1,
      expect.stringMatching(/^Not revoked \(404\): /),
    ]);
  });
});

import { describe, expect, it } from 'vitest';
import { runCommand } from '../support/program.ts';
import { testEnvironment, userToken, useUsher } from '../support/usher.ts';

describe('usher doctor', () => {
  const usher = useUsher();
  const channel = 'private-tenant.1.user.15';
  // No Pusher server is there: what Usher says does not depend on it.
  const server = { PUSHER_HOST: '127.0.0.1', PUSHER_PORT: '1', PUSHER_TLS: 'false' };
  const doctor = (args: readonly string[], input?: string) =>
    runCommand(['doctor', '--url', usher.public, ...args], {
      env: { ...testEnvironment, ...server },
      ...(input !== undefined && { input }),
    });

  it('asks with a token from standard input, and shows it nowhere', async () => {
    const token = userToken();
    const { stdout, stderr } = await doctor(['--channel', channel, '--token-stdin'], `${token}\n`);
    expect(stdout).toContain('✓ the channel is granted\n');
    expect(stdout + stderr).not.toContain(token.split('.')[1]);
    const another = userToken({ sub: '16' });
    const refused = await doctor(['--channel', channel, '--token-stdin'], another);
    expect(refused.stdout).toContain('✗ the channel is granted\n');
  });

  it.each([
    [['--channel', channel], undefined, 'doctor [--url'],
    [['--token-stdin'], 'token', 'doctor [--url'],
    [['--channel', channel, '--token-stdin'], '\n', 'There is no token on standard input'],
    [['--channel', channel, '--token-stdin', '--token', 'x'], 'y', 'Give one of --token-stdin'],
    [['--channel', channel, '--token-stdin=x'], 'y', 'doctor [--url'],
  ])('is called wrongly with %j and %j', async (args, input, sentence) => {
    const { code, stdout, stderr } = await doctor(args, input);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.startsWith(sentence)).toBe(true);
  });
});

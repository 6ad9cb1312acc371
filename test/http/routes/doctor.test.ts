import { describe, expect, it } from 'vitest';
import { freePort } from '../../support/free-port.ts';
import { runInProcess } from '../../support/command-line.ts';
import { testEnvironment, useUsher } from '../../support/usher.ts';
import { send } from '../requests.ts';

interface DoctorResponse {
  readonly checks: readonly {
    readonly name: string;
    readonly status: string;
    readonly problem?: string;
    readonly remedy?: string;
    readonly reason?: string;
  }[];
}

const closed = await freePort();
const settings = {
  PUSHER_HOST: '127.0.0.1',
  PUSHER_PORT: String(closed),
  PUSHER_TLS: 'false',
  SESSION_MODE: 'introspect',
  SESSION_INTROSPECTION_URL: `http://127.0.0.1:${closed}/hidden-path`,
};

describe('GET /doctor', () => {
  const usher = useUsher(settings);
  const runDoctor = async () => {
    const { status, text } = await send(usher.operator, { method: 'GET', path: '/doctor' });
    expect(status).toBe(200);
    return { text, checks: (JSON.parse(text) as DoctorResponse).checks };
  };

  it('checks the Pusher server, the policy and each dependency', async () => {
    const { text, checks } = await runDoctor();
    const statusOf = (name: string) => checks.find((each) => each.name === name)?.status;
    expect(statusOf('the Pusher server accepts WebSocket connections')).toBe('fail');
    expect(statusOf('the policy can be loaded')).toBe('pass');
    expect(statusOf('the tests of the policy pass')).toBe('pass');
    expect(statusOf('the running Usher uses this policy')).toBe('pass');
    expect(statusOf('DATABASE_URL names an available server')).toBe('pass');
    expect(checks).toContainEqual({
      name: 'SESSION_INTROSPECTION_URL names an available server',
      status: 'fail',
      problem: expect.stringContaining('ECONNREFUSED') as unknown,
      remedy: expect.stringContaining('Correct SESSION_INTROSPECTION_URL') as unknown,
    });
    for (const secret of ['test-pusher-secret', 'hidden-path', usher.database.reveal()]) {
      expect(text).not.toContain(secret);
    }
  });

  it('uses the names and texts of usher doctor', async () => {
    const { checks } = await runDoctor();
    const env = { ...testEnvironment, ...settings, DATABASE_URL: usher.database.reveal() };
    const { stdout } = await runInProcess(['doctor', '--url', usher.public], env);
    // Without a port of the running Usher the command cannot request its policy.
    for (const { name, ...result } of checks.filter(
      ({ name }) => !name.startsWith('the running'),
    )) {
      const mark = { pass: '✓', fail: '✗', unknown: '–' }[result.status];
      // The command also has the date of a response of Usher.
      if (name === 'the clocks are in sync') continue;
      expect(stdout).toContain(`${mark} ${name}`);
      for (const part of [result.problem, result.remedy, result.reason]) {
        expect(stdout).toContain(part ?? '');
      }
    }
  });

  it('runs the checks once for concurrent requests', async () => {
    const responses = await Promise.all([runDoctor(), runDoctor(), runDoctor()]);
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1);
  });

  it('is not on the public port', async () => {
    expect((await send(usher.public, { method: 'GET', path: '/doctor' })).status).toBe(404);
  });
});

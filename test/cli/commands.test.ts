import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { catalogue } from '../../src/channels/index.ts';
import { describeFamily } from '../../src/core/describe.ts';
import { runCommand } from '../support/program.ts';
import { testEnvironment } from '../support/usher.ts';

const production = {
  ...testEnvironment,
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://usher:word@db.internal/usher',
};

describe('the usher program', () => {
  it('lists its commands; for a command that it does not know, as an error', async () => {
    const commands = [
      ...['serve', 'mint-token guest', 'mint-token user', 'check-config', 'channels'],
      ...['explain', 'explain --channel', 'doctor', 'policy-test', 'prune'],
    ];
    for (const [args, expected] of [
      [[], 0],
      [['--help'], 0],
      [['nonsense'], 2],
      [['constructor'], 2],
    ] as const) {
      const { code, stdout, stderr } = await runCommand(args);
      expect([args, code]).toStrictEqual([args, expected]);
      for (const command of commands) expect(stdout + stderr).toContain(command);
    }
  });

  it('channels lists every pattern in every form, and every check', async () => {
    const { code, stdout } = await runCommand(['channels']);
    expect(code).toBe(0);
    const families = catalogue.families.map(describeFamily);
    expect(families.length).toBeGreaterThan(0);
    for (const { patterns, about, checks } of families) {
      for (const pattern of patterns) expect(stdout.split('\n')).toContain(pattern);
      expect(stdout).toContain(about);
      for (const name of Object.values(checks).flat()) expect(stdout).toContain(`- ${name}\n`);
    }
  });
});

describe('check-config', () => {
  it('says that a good configuration is complete', async () => {
    for (const env of [{}, production]) {
      const { code, stdout, stderr } = await runCommand(['check-config'], { env });
      expect([code, stdout, stderr]).toStrictEqual([0, 'The configuration is complete.\n', '']);
    }
  });

  it('names every problem at once, and no value', async () => {
    const env = { ...production, PORT: '65536-port', LOG_LEVEL: 'loud', PUSHER_SECRET: '' };
    const { code, stdout, stderr } = await runCommand(['check-config'], { env });
    expect([code, stdout]).toStrictEqual([1, '']);
    for (const name of ['PORT', 'LOG_LEVEL', 'PUSHER_SECRET'])
      expect(stderr).toContain(`- ${name}`);
    expect(stderr).not.toMatch(/65536-port|loud|test-key|word|at .*\.ts/);
  });
});

describe('a .env file', () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-dotenv-'));
    await writeFile(join(directory, '.env'), 'PORT=none\n');
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it('counts in development', async () => {
    const { code, stderr } = await runCommand(['check-config'], { cwd: directory });
    expect([code, stderr]).toStrictEqual([1, expect.stringContaining('- PORT')]);
  });

  it('yields to the environment', async () => {
    const { code } = await runCommand(['check-config'], { cwd: directory, env: { PORT: '3000' } });
    expect(code).toBe(0);
  });

  it('does not count in production', async () => {
    const env = { ...production, PORT: undefined };
    const { code } = await runCommand(['check-config'], { cwd: directory, env });
    expect(code).toBe(0);
  });
});

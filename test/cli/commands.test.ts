import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { describeChannel } from '../../src/policy/channel-type.ts';
import { shippedPolicy } from '../support/shipped-policy.ts';
import { runInProcess } from '../support/command-line.ts';
import { runCommand } from '../support/program.ts';
import { testEnvironment } from '../support/usher.ts';

const production = {
  ...testEnvironment,
  NODE_ENV: 'production',
  DATABASE_URL: 'postgres://usher:word@db.internal/usher',
};

describe('the usher program', () => {
  const commands = [
    ...['serve', 'check-config', 'doctor', 'explain', 'channels'],
    ...['mint-token', 'revoke', 'prune', 'policy', 'policy-test'],
  ];

  it.each([[[]], [['--help']], [['-h']], [['help']]])(
    'prints its commands and exit codes on standard output for %j',
    async (args) => {
      const { code, stdout, stderr } = await runInProcess(args);
      expect([code, stderr]).toStrictEqual([0, '']);
      for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
      expect(stdout).toMatch(/^Exit codes:\n {2}0 .*\n {2}1 .*\n {2}2 .*\n {2}3 /m);
    },
  );

  it.each([...commands, 'mint-token guest', 'mint-token user'])(
    '%s --help prints help on standard output and does nothing else',
    async (command) => {
      // `serve` would end with 1 here, since this is no configuration.
      const env = { PORT: 'none' };
      const { code, stdout, stderr } = await runInProcess([...command.split(' '), '--help'], env);
      expect([code, stderr]).toStrictEqual([0, '']);
      expect(stdout).toMatch(new RegExp(`^Usage: usher ${command} `));
    },
  );

  it('has the same output as a separate process', async () => {
    const right = await runCommand(['channels']);
    expect(right).toStrictEqual(await runInProcess(['channels']));
    const wrong = await runCommand(['serve', '--port', '4000']);
    expect(wrong).toStrictEqual(await runInProcess(['serve', '--port', '4000']));
  });

  it('prints its version', async () => {
    const { version } = JSON.parse(
      await readFile(new URL('../../package.json', import.meta.url), 'utf8'),
    ) as { version: string };
    for (const flag of ['--version', '-V']) {
      const { code, stdout, stderr } = await runInProcess([flag]);
      expect([code, stdout, stderr]).toStrictEqual([0, `${version}\n`, '']);
    }
  });

  it.each([
    ['nonsense', "unknown command 'nonsense'"],
    ['constructor', "unknown command 'constructor'"],
    ['serv', "unknown command 'serv'\n(Did you mean serve?)"],
    ['mint-tokn user', "unknown command 'mint-tokn'\n(Did you mean mint-token?)"],
    ['mint-token usr', "unknown command 'usr'\n(Did you mean user?)"],
    ['mint-token', 'a command is missing'],
    ['--port 4000', "unknown option '--port'"],
    ['serve --port 4000', "unknown option '--port'"],
    ['serve 4000', "too many arguments for 'serve'"],
    ['check-config --env foo', "unknown option '--env'"],
    ['channels --json', "unknown option '--json'"],
    ['explain --chanel x', "unknown option '--chanel'"],
    ['explain --channel', "option '--channel <name>' argument missing"],
    ['mint-token guest --hotel h', '--booking is missing'],
  ])('usher %s fails, and the message names the mistake', async (line, message) => {
    const { code, stdout, stderr } = await runInProcess(line.split(' '));
    expect([code, stdout]).toStrictEqual([2, '']);
    expect(stderr).toContain(`error: ${message}\n`.replace("'serve'\n", "'serve'"));
    expect(stderr).not.toMatch(/ at .*\.[jt]s/);
  });

  it('does not repeat a token that was passed incorrectly', async () => {
    for (const args of [
      ['explain', '--token-stdin=eyJhidden'],
      ['explain', 'eyJhidden'],
    ]) {
      const { code, stdout, stderr } = await runInProcess(args);
      expect([code, stdout]).toStrictEqual([2, '']);
      expect(stderr).not.toContain('eyJ');
    }
  });

  it('channels lists every pattern in every form, and every check', async () => {
    const { code, stdout } = await runInProcess(['channels']);
    expect(code).toBe(0);
    const channels = shippedPolicy.channels.channelTypes.map(describeChannel);
    expect(channels.length).toBeGreaterThan(0);
    for (const { patterns, about, checks } of channels) {
      for (const pattern of patterns) expect(stdout.split('\n')).toContain(pattern);
      expect(stdout).toContain(about);
      for (const name of Object.values(checks).flat()) expect(stdout).toContain(`- ${name}\n`);
    }
  });
});

describe('check-config', () => {
  it('reports the problems of the policy with their places', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'policy.yaml');
    const rule = (text: string) =>
      writeFile(
        file,
        `channels:\n  private-news:\n    about: all\n    allow: { user: { is one: ${text} } }\n`,
      );
    const check = () => runInProcess(['check-config'], { ...production, POLICY: directory });
    await rule('has(user.tennant)');
    const broken = await check();
    expect([broken.code, broken.stdout]).toEqual([1, '']);
    expect(broken.stderr).toMatch(new RegExp(`${file}:4:\\d+: .*tennant.*tenant`));
    expect(broken.stderr).not.toMatch(/ at .*\.[jt]s/);
    await rule('has(user.tenant)');
    expect((await check()).code).toBe(0);
    // Usher does not start with a failed test.
    await writeFile(
      join(directory, 'policy.test.yaml'),
      'principals: { ada: { kind: user, id: "15" } }\nexpect:\n  - { who: ada, channel: private-news, grant: true }\n',
    );
    const failed = await check();
    expect([failed.code, failed.stdout]).toEqual([1, '']);
    expect(failed.stderr).toMatch(/policy\.test\.yaml:3: ada may enter private-news: /);
  });

  it.each([
    ['a database', 'postgres://shop', 'ask: { laravel: { source: shop, forward: [cookie] } }'],
    [
      'an HTTP server',
      'https://shop.example',
      'facts: { order: [user.id] }, allow: { user: { owns: facts.order.owner == user.id } }',
    ],
  ])('reports %s as the source of the other kind', async (_kind, url, channel) => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const query = 'SELECT owner FROM orders WHERE id = :id';
    const fact = `{ ids: [id], fields: { owner: string }, sql: { source: shop, query: '${query}' } }`;
    const facts = channel.startsWith('ask') ? '' : `facts: { order: ${fact} }\n`;
    await writeFile(
      join(directory, 'policy.yaml'),
      `sources: { shop: { url: { env: SHOP_URL } } }\n${facts}channels: { private-a: { about: a, ${channel} } }\n`,
    );
    const env = { ...production, POLICY: directory, SHOP_URL: url };
    const { code, stderr } = await runInProcess(['check-config'], env);
    expect([code, stderr]).toEqual([1, expect.stringContaining('the source shop is ')]);
  });

  it.each([
    ['has no address of a WebSocket server', 'https://site.example', 'begins with ws:// or wss://'],
    ['has a password', 'ws://u:secret@site.example', 'must not have a user name, a password'],
    ['has no visitors', 'WSS://site.example', 'requires SESSION_MODE'],
  ])('reports an endpoint of `doors` whose variable %s', async (_what, url, problem) => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'policy.yaml');
    await writeFile(
      file,
      'channels:\n  private-a: { about: a, allow: { visitor: { b: visitor.is_staff } } }\n' +
        'doors:\n  /ws/a: { channel: private-a, upstream: { env: SITE } }\n',
    );
    const env = { ...production, POLICY: directory };
    expect((await runInProcess(['check-config'], env)).code).toBe(0);
    const { code, stderr } = await runInProcess(['check-config'], { ...env, SITE: url });
    expect([code, stderr]).toEqual([1, expect.stringContaining(problem)]);
    expect(stderr).toContain(`${file}:4: the door /ws/a: SITE `);
    expect(stderr).not.toContain('site.example');
  });

  it('requires no SESSION_MODE for an endpoint whose visitors the application identifies', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const check = async (allow: string) => {
      const ask = 'ask: { laravel: { source: host, forward: [cookie] } }';
      await writeFile(
        join(directory, 'policy.yaml'),
        `sources: { host: { url: { env: HOST_URL } } }\nchannels: { 'private-a.{x}': { ${ask}${allow} } }\n` +
          "doors: { '/ws/{y}': { channel: 'private-a.{y}', upstream: { env: SITE } } }\n",
      );
      const addresses = { HOST_URL: 'https://site.example', SITE: 'wss://site.example' };
      return runInProcess(['check-config'], { ...production, ...addresses, POLICY: directory });
    };
    expect(await check('')).toMatchObject({ code: 0, stderr: '' });
    const ofUsers = await check(', allow: { user: {} }');
    expect([ofUsers.code, ofUsers.stderr]).toEqual([
      1,
      expect.stringContaining('requires SESSION_MODE'),
    ]);
  });

  it('reports a fact of the demo that cannot be stored, in development', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const file = join(directory, 'policy.yaml');
    const kind = 'course: { ids: [a], fields: { s: string } }';
    await writeFile(file, `facts: { ${kind} }\ndemo:\n  facts: { course: [{ a: x, s: 1 }] }\n`);
    const { code, stderr } = await runInProcess(['check-config'], { POLICY: directory });
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining(`${file}:3: a fact of the demo, course:`),
    ]);
    const inProduction = { ...production, POLICY: directory };
    expect((await runInProcess(['check-config'], inProduction)).code).toBe(0);
  });

  it('accepts a valid configuration', async () => {
    for (const env of [{}, production]) {
      const { code, stdout, stderr } = await runInProcess(['check-config'], env);
      expect([code, stdout, stderr]).toStrictEqual([0, 'The configuration is complete.\n', '']);
    }
  });

  it('reports every problem by name, without values', async () => {
    const env = { ...production, PORT: '65536-port', LOG_LEVEL: 'loud', PUSHER_SECRET: '' };
    const { code, stdout, stderr } = await runInProcess(['check-config'], env);
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

  it('is read in development', async () => {
    const { code, stderr } = await runCommand(['check-config'], { cwd: directory });
    expect([code, stderr]).toStrictEqual([1, expect.stringContaining('- PORT')]);
  });

  it('does not override the environment', async () => {
    const { code } = await runCommand(['check-config'], { cwd: directory, env: { PORT: '3000' } });
    expect(code).toBe(0);
  });

  it('that cannot be read is a problem of the configuration', async () => {
    const cwd = await mkdtemp(join(tmpdir(), 'usher-dotenv-'));
    onTestFinished(() => rm(cwd, { recursive: true }));
    await mkdir(join(cwd, '.env'));
    const { code, stderr } = await runCommand(['check-config'], { cwd });
    expect([code, stderr]).toStrictEqual([
      1,
      'The configuration has problems:\n  - the file .env cannot be read (EISDIR)\n',
    ]);
  });

  it('is not read in production', async () => {
    const env = { ...production, PORT: undefined };
    const { code } = await runCommand(['check-config'], { cwd: directory, env });
    expect(code).toBe(0);
  });
});

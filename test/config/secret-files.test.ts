import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { openCurrentConfig } from '../../src/config/current-config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/read.ts';
import { secretOverlapMs } from '../../src/config/secret-rotation.ts';
import { fileSettings } from '../../src/config/secret-files.ts';
import { settings } from '../../src/config/settings.ts';
import type { Setting } from '../../src/config/setting.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { runInProcess } from '../support/command-line.ts';
import { inProduction, production } from './environments.ts';

const token = 'operators-token-0123456789';
let directory: string;
beforeEach(() => {
  const made = mkdtempSync(join(tmpdir(), 'usher-secrets-'));
  directory = made;
  onTestFinished(() => {
    rmSync(made, { recursive: true });
  });
});
const put = (name: string, content: string | Buffer): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
/** Settings that make Usher read other secrets. */
const uses: readonly Environment[] = [
  {},
  ...['django', 'laravel', 'introspect'].map((SESSION_MODE) => ({ SESSION_MODE })),
  { SESSION_MODE: 'laravel', LARAVEL_SESSION_DRIVER: 'redis' },
  { INTROSPECTION_URL: 'https://a.example' },
  { PUSHER_RETIRING_KEY: 'previous' },
];
const load = (path: string) => loadConfig({ ...production, OPS_TOKEN_FILE: path });

describe('the file of a secret', () => {
  it('may contain the value of each secret setting', () => {
    const secrets = Object.entries<Setting<unknown>>(settings).filter(([, { secret }]) => secret);
    expect(fileSettings).toEqual(expect.arrayContaining(secrets.map(([name]) => name)));
    for (const name of [
      'DATABASE_URL',
      'REDIS_URL',
      'PUSHER_SECRET',
      'PUSHER_APPS',
      'LARAVEL_APP_KEY',
      'DJANGO_SECRET_KEY',
      'CHAT_SERVER_KEYS',
      'SANCTUM_DATABASE_URL',
      'SESSION_INTROSPECTION_TOKEN',
      'OTEL_EXPORTER_OTLP_ENDPOINT',
      'PASSPORT_PUBLIC_KEY',
    ]) {
      expect(fileSettings).toContain(name);
    }
    expect(fileSettings).not.toContain('PORT');
  });

  it.each([
    ['without a line break', token],
    ['with one line break', `${token}\n`],
    ['with one of Windows', `${token}\r\n`],
    ['with a byte order mark', `\ufeff${token}`],
  ])('is read %s', (_name, content) => {
    expect(load(put('token', content)).operator.token?.reveal()).toBe(token);
  });

  it('loses only one line break', () => {
    const { pusher } = loadConfig({
      ...production,
      PUSHER_SECRET: '',
      PUSHER_SECRET_FILE: put('s', ' a\n\n'),
    });
    expect(pusher.secret.reveal()).toBe(' a\n');
  });

  it('is read through symbolic links', () => {
    mkdirSync(join(directory, '..v1'));
    writeFileSync(join(directory, '..v1', 'token'), token);
    symlinkSync('..v1', join(directory, '..data'));
    symlinkSync(join('..data', 'token'), join(directory, 'token'));
    expect(load(join(directory, 'token')).operator.token?.reveal()).toBe(token);
  });

  it.each<[string, () => string, RegExp]>([
    [
      'is missing',
      () => join(directory, 'hidden'),
      /OPS_TOKEN_FILE names a file that does not exist \(ENOENT\)/,
    ],
    [
      'has a file as its parent directory',
      () => join(put('f', 'x'), 'hidden'),
      /does not exist \(ENOTDIR\)/,
    ],
    [
      'is a directory',
      () => directory,
      /OPS_TOKEN_FILE must name a file, not a directory or a pipe/,
    ],
    ['is empty', () => put('hidden', ''), /OPS_TOKEN_FILE names an empty file/],
    ['has only a line break', () => put('hidden', '\n'), /OPS_TOKEN_FILE names an empty file/],
    [
      'is too large',
      () => put('hidden', 'x'.repeat(1024 * 1024 + 1)),
      /OPS_TOKEN_FILE names a file of more than 1048576 bytes/,
    ],
    [
      'is not text',
      () => put('hidden', Buffer.from([0xff, 0xfe, 0x41])),
      /OPS_TOKEN_FILE names a file that is not text in UTF-8/,
    ],
    ['contains NUL', () => put('hidden', 'a\0b'), /OPS_TOKEN_FILE names a file that is not text/],
    [
      'has an invalid value',
      () => put('hidden', 'short'),
      /OPS_TOKEN must have at least 16 characters/,
    ],
    [
      'is a pipe',
      () => {
        const path = join(directory, 'hidden');
        execFileSync('mkfifo', [path]);
        return path;
      },
      /must name a file, not a directory or a pipe/,
    ],
    [
      'is the secret itself, not a path',
      () => token,
      /OPS_TOKEN_FILE names a file that does not exist/,
    ],
  ])('is a problem if it %s', (_name, make, problem) => {
    const path = make();
    expect(() => load(path)).toThrow(problem);
    try {
      load(path);
    } catch (error) {
      expect(String(error)).not.toMatch(/hidden|operators-token|is not set/);
    }
  });

  it.skipIf(process.getuid?.() === 0)('is a problem if it is not readable', () => {
    const path = put('token', token);
    chmodSync(path, 0);
    expect(() => load(path)).toThrow(
      /OPS_TOKEN_FILE names a file that Usher may not read \(EACCES\)/,
    );
  });

  it.each(fileSettings)(
    'of %s is a problem if it is missing, even if the setting is not used',
    (name) => {
      const settings = { ALLOWED_ORIGINS: 'https://a.example', INTROSPECTION_CLIENT_ID: 'usher' };
      for (const used of uses) {
        const file = { [name]: '', [`${name}_FILE`]: join(directory, 'hidden') };
        const found = inProduction({ ...settings, ...used, ...file });
        expect(found).toContain(`${name}_FILE names a file that does not exist (ENOENT)`);
        expect(found).not.toContain(`${name} is not set`);
      }
    },
  );

  it('of the retiring key of Pusher is the only problem if it is missing', () => {
    const PUSHER_RETIRING_SECRET_FILE = join(directory, 'hidden');
    expect(inProduction({ PUSHER_RETIRING_KEY: 'previous', PUSHER_RETIRING_SECRET_FILE })).toEqual([
      'PUSHER_RETIRING_SECRET_FILE names a file that does not exist (ENOENT)',
    ]);
  });

  it('cannot be combined with the setting itself; an empty name counts as unset', () => {
    const OPS_TOKEN_FILE = put('token', token);
    expect(() => loadConfig({ ...production, OPS_TOKEN: token, OPS_TOKEN_FILE })).toThrow(
      /OPS_TOKEN and OPS_TOKEN_FILE must not both be set/,
    );
    expect(
      loadConfig({ ...production, OPS_TOKEN: '', OPS_TOKEN_FILE }).operator.token,
    ).toBeDefined();
    expect(loadConfig({ ...production, OPS_TOKEN_FILE: '' }).operator.token).toBeUndefined();
  });

  it('is printed by check-config without its value', async () => {
    const OPS_TOKEN_FILE = put('token', token);
    const { code, stdout } = await runInProcess(['check-config'], {
      ...production,
      OPS_TOKEN_FILE,
    });
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining(`\n  OPS_TOKEN: file ${OPS_TOKEN_FILE}\n`),
    ]);
    expect(stdout).toContain('\n  PUSHER_SECRET: environment\n');
    expect(stdout).not.toContain(token);
  });
});

describe('changed secrets', () => {
  const open = (changes: Readonly<Record<string, string>>) => {
    const clock = { now: 1_000 };
    const events: unknown[] = [];
    const config = loadConfig({ ...production, ...changes });
    const configs = openCurrentConfig(config, {
      now: () => clock.now,
      onChanged: (names) => events.push(names),
      onFailed: (name, problem) => events.push([name, problem]),
    });
    const disposed: string[] = [];
    const tokens = configs.build({
      part: (each) => each.operator.token,
      build: (each) => each?.reveal() ?? '',
      dispose: (each) => Promise.resolve(void disposed.push(each)),
    });
    return { clock, events, config, configs, tokens, disposed };
  };
  /** Replaces a file as careful writers do. */
  const replace = (name: string, content: string) => {
    renameSync(put(`${name}.new`, content), join(directory, name));
  };

  it('are used immediately, and the previous ones are accepted for an hour', async () => {
    const { clock, events, configs, tokens, disposed } = open({
      OPS_TOKEN_FILE: put('token', token),
    });
    await configs.reload();
    expect([events, tokens.all]).toEqual([[], [token]]);
    replace('token', `${token}-2\n`);
    await configs.reload();
    expect(tokens.all).toEqual([`${token}-2`, token]);
    clock.now += secretOverlapMs / 2;
    replace('token', `${token}-3`);
    await configs.reload();
    expect(tokens.all[0]).toBe(`${token}-3`);
    clock.now += secretOverlapMs / 2 - 1;
    await configs.reload();
    expect(tokens.all).toEqual([`${token}-3`, `${token}-2`, token]);
    clock.now += 1;
    await configs.reload();
    expect([tokens.all, disposed]).toEqual([[`${token}-3`, `${token}-2`], [token]]);
    expect(events).toEqual([['OPS_TOKEN'], ['OPS_TOKEN']]);
    await configs.close();
    expect(disposed).toHaveLength(3);
  });

  it('are detected when a symbolic link is replaced', async () => {
    for (const version of ['..v1', '..v2']) {
      mkdirSync(join(directory, version));
      writeFileSync(join(directory, version, 'token'), `${token}${version}`);
    }
    symlinkSync('..v1', join(directory, '..data'));
    symlinkSync(join('..data', 'token'), join(directory, 'token'));
    const { configs, tokens } = open({ OPS_TOKEN_FILE: join(directory, 'token') });
    symlinkSync('..v2', join(directory, '..new'));
    renameSync(join(directory, '..new'), join(directory, '..data'));
    await configs.reload();
    expect(tokens.all[0]).toBe(`${token}..v2`);
  });

  it.each([
    [
      'vanishes',
      () => {
        rmSync(join(directory, 'token'));
      },
      'OPS_TOKEN_FILE names a file that does not exist (ENOENT)',
    ],
    ['is emptied', () => put('token', ''), 'OPS_TOKEN_FILE names an empty file'],
    [
      'has an invalid value',
      () => put('token', 'short'),
      'OPS_TOKEN must have at least 16 characters',
    ],
  ])('leave the last valid one in use if the file %s', async (_name, spoil, problem) => {
    const { events, configs, tokens } = open({ OPS_TOKEN_FILE: put('token', token) });
    spoil();
    await configs.reload();
    await configs.reload();
    expect(tokens.all).toEqual([token]);
    expect([...configs.failures()]).toEqual([['OPS_TOKEN', problem]]);
    expect(events).toEqual([['OPS_TOKEN', problem]]);
    put('token', token);
    await configs.reload();
    expect([configs.failures().size, tokens.all]).toEqual([0, [token]]);
  });

  it('are used even if another one is invalid', async () => {
    const { configs, tokens, events } = open({
      OPS_TOKEN_FILE: put('token', token),
      USER_TOKEN_SECRET: '',
      USER_TOKEN_SECRET_FILE: put('user', 'u'.repeat(20) + 'abcdefghijklmnop'),
    });
    replace('token', `${token}-2`);
    replace('user', 'weak');
    await configs.reload();
    expect(tokens.all[0]).toBe(`${token}-2`);
    expect([...configs.failures().keys()]).toEqual(['USER_TOKEN_SECRET']);
    expect(JSON.stringify(events)).not.toContain('weak"');
  });

  it('do not affect code that does not use them', async () => {
    const { configs } = open({ OPS_TOKEN_FILE: put('token', token) });
    const apps = configs.build({ part: ({ pusher }) => pusher, build: () => new Secret('x') });
    replace('token', `${token}-2`);
    await configs.reload();
    expect(apps.all).toHaveLength(1);
  });

  it('of a server are used for its next connection', async () => {
    const { configs, config } = open({
      DATABASE_URL: '',
      DATABASE_URL_FILE: put('url', 'postgres://u:one@db/usher'),
    });
    const url = 'url' in config.database ? config.database.url : undefined;
    replace('url', 'postgres://u:two@db/usher\n');
    await configs.reload();
    expect(url?.reveal()).toBe('postgres://u:two@db/usher');
    replace('url', 'no url');
    await configs.reload();
    expect(url?.reveal()).toBe('postgres://u:two@db/usher');
    expect(configs.failures().get('DATABASE_URL')).toMatch(/^DATABASE_URL must be an address/);
  });
});

import { randomBytes } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { canContain, type Image, makeVolume, startContainer } from './support/container.ts';
import { lastOf, readStages, withBase } from './support/dockerfile.ts';
import { buildImage, readIgnored } from './support/image.ts';
import { createTokenMint } from './support/tokens.ts';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const stages = readStages(readFileSync(join(project, 'Dockerfile'), 'utf8'));
const isSent = readIgnored(readFileSync(join(project, '.dockerignore'), 'utf8'));

describe('the Dockerfile', () => {
  it('is built on the version of Node.js that is tested', () => {
    const [, lts] = /^lts=(.+)$/m.exec(readFileSync(join(project, '.ci/run'), 'utf8')) ?? [];
    const stageNames = stages.map(({ name }) => name);
    const images = stages.map(({ base }) => base).filter((base) => !stageNames.includes(base));
    expect(new Set(images)).toStrictEqual(new Set([`node:${lts!}-bookworm-slim`]));
  });

  it('receives no secrets or data in the build context', () => {
    for (const path of ['.env', 'data/postgres/password', '.git/config', 'docs/audit.md', 'test']) {
      expect([path, isSent(path)]).toStrictEqual([path, false]);
    }
    expect(isSent('src/main.ts')).toBe(true);
  });
});

if (!canContain) console.log('Skipped: the container, which needs root on Linux.');

describe.skipIf(!canContain)('a container of the image', () => {
  const secrets = { guest: randomBytes(32).toString('hex'), user: randomBytes(32).toString('hex') };
  const env = {
    HOST: '127.0.0.1',
    PORT: '0',
    OPS_PORT: '0',
    PUSHER_APP_ID: '1',
    PUSHER_KEY: 'key-of-the-app',
    PUSHER_SECRET: randomBytes(16).toString('hex'),
    GUEST_TOKEN_SECRET: secrets.guest,
    USER_TOKEN_SECRET: secrets.user,
    ALLOWED_ORIGINS: 'https://app.example',
  };
  let home: string;
  let image: Image;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'usher-image-'));
    await chmod(home, 0o755);
    const root = await buildImage({ stages, isSent, home });
    const stage = withBase(stages, stages.at(-1)!);
    image = { stage, root, volume: await makeVolume(root, home) };
  }, 400_000);
  afterAll(() => rm(home, { recursive: true, force: true }));

  const start = async (changes: Readonly<Record<string, string>> = {}) => {
    const container = startContainer(image, { ...env, ...changes });
    onTestFinished(() => {
      container.signal('SIGKILL');
    });
    const { public: at, operator } = await container.until('listening');
    return { ...container, at: String(at), operator: String(operator) };
  };

  it('is ready, authorizes, is live, and exits with 0 after SIGTERM; then again after SIGKILL', async () => {
    for (const end of ['SIGTERM', 'SIGKILL', 'SIGTERM'] as const) {
      const { at, operator, exec, signal, ended, output } = await start();
      expect((await fetch(`${operator}/readyz`)).status).toBe(200);
      expect(await authorized(at)).toMatch(/^\{"auth":"key-of-the-app:[0-9a-f]{64}"\}$/);
      const health = JSON.parse(
        lastOf(image.stage, 'HEALTHCHECK').slice('CMD '.length),
      ) as string[];
      const checked = (OPS_PORT: string) => exec(health, { OPS_PORT });
      expect(await checked(new URL(operator).port)).toMatchObject({ code: 0 });
      expect((await checked('1')).code).toBe(1);
      signal(end);
      expect((await ended) === 0, output()).toBe(end === 'SIGTERM');
    }
  });

  async function authorized(at: string): Promise<string> {
    const token = createTokenMint(secrets).user();
    const body = new URLSearchParams({
      socket_id: '1234.5678',
      channel_name: 'private-tenant.1.user.15',
    });
    const headers = { authorization: `Bearer ${token}`, 'x-tenant-id': '1' };
    return (await fetch(`${at}/broadcasting/auth`, { method: 'POST', headers, body })).text();
  }

  it('has the commands', async () => {
    const { exec } = await start();
    const usher = (...words: string[]) => exec(['node', 'dist/cli/main.js', ...words]);
    expect(await usher('check-config')).toMatchObject({ code: 0 });
    expect((await usher('channels')).output).toContain('private-tenant.{tenantId}.user.{userId}');
    expect(await usher('mint-token', 'user', '--sub', '15')).toMatchObject({ code: 1 });
    const unknown = '6f0b2a1e-3f0d-4c55-9d5b-0a5e7f1c2d3e';
    expect((await usher('explain', unknown)).output).toContain(unknown);
  });

  it('contains the bundle and the embedded PostgreSQL, and no other package', async () => {
    const { exec } = await start();
    const { output } = await exec(['sh', '-c', 'ls node_modules; du -sm --apparent-size /app']);
    expect(output).not.toMatch(/^(typescript|@?prisma|fastify|jose|jiti|vitest|\.prisma)$/m);
    // docs/deploying.md has the value.
    expect(Number(/^(\d+)\t\/app$/m.exec(output)?.[1])).toBeLessThan(75);
  });

  it('has a variant without the embedded PostgreSQL', async () => {
    const slim = join(home, 'usher-slim/app');
    expect(existsSync(join(slim, 'node_modules'))).toBe(false);
    const { stdout } = await run('du', ['-sm', '--apparent-size', slim]);
    expect(Number.parseInt(stdout)).toBeLessThan(20);
    await mkdir(join(home, 'usher-slim/opt'));
    const inSlim = { ...image, root: join(home, 'usher-slim') };
    const container = startContainer(inSlim, { ...env, DATABASE_URL: '' });
    expect(await container.ended).toBe(1);
    expect(container.output()).toContain('set DATABASE_URL to a PostgreSQL server');
  });

  it('accepts a policy of its operator: a YAML file, and facts', async () => {
    // Written on the host: the root file system of the container is read-only.
    const policy = join(image.root, 'etc/usher');
    await cp(join(project, 'examples/parcels'), policy, { recursive: true });
    const { at, operator, exec } = await start({ POLICY: '/etc/usher' });
    const usher = (...words: string[]) => exec(['node', 'dist/cli/main.js', ...words]);
    expect((await usher('channels')).output).toContain('private-parcel-{parcel}');
    expect(await usher('policy', 'test', '/etc/usher')).toMatchObject({ code: 0 });
    const subscribe = (sub: string) => {
      const claims = { sub, tenant_id: undefined, roles: undefined };
      return fetch(`${at}/pusher/auth`, {
        method: 'POST',
        headers: { authorization: `Bearer ${createTokenMint(secrets).user(claims)}` },
        body: new URLSearchParams({
          socket_id: '1234.5678',
          channel_name: 'private-parcel-P7',
        }),
      });
    };
    expect((await subscribe('15')).status).toBe(403);
    const put = await fetch(`${operator}/facts/parcel/P7`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ sender: '15', recipient: '16', status: 'announced' }),
    });
    expect(put.status).toBe(200);
    expect(await (await subscribe('15')).text()).toMatch(
      /^\{"auth":"key-of-the-app:[0-9a-f]{64}"\}$/,
    );
    const refused = await subscribe('17');
    expect([refused.status, await refused.text()]).toStrictEqual([
      403,
      expect.stringContaining('You cannot follow this parcel'),
    ]);

    const file = join(policy, 'policy.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('You cannot follow this parcel', 'This parcel is private'));
    await vi.waitUntil(
      async () => (await (await subscribe('17')).text()).includes('This parcel is private'),
      { timeout: 60_000, interval: 500 },
    );
    await writeFile(file, text.replace('user.id', 'user.idd'));
    const problems = async () => (await fetch(`${operator}/policy`)).text();
    await vi.waitUntil(async () => (await problems()).includes('idd'), {
      timeout: 60_000,
      interval: 500,
    });
    expect((await subscribe('15')).status).toBe(200);
    expect((await fetch(`${operator}/readyz`)).status).toBe(200);
  });

  it('can write only to its volume', async () => {
    const { exec } = await start();
    const places = ['/app/x', '/app/dist/x', '/etc/x', '/tmp/x', '/root/x', '/x', '/data/x'];
    const script = places.map((place) => `(: > ${place}) 2>/dev/null && echo ${place}`).join('; ');
    const { output } = await exec(['sh', '-c', `${script}; id -u`]);
    expect(output.trim().split('\n')).toStrictEqual(['/data/x', '1000']);
  });
});

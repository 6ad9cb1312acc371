import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../..', import.meta.url));
const tsc = join(project, 'node_modules/typescript/bin/tsc');

/** The examples of a page, which are compiled and run unchanged. */
async function examplesOf(page: string): Promise<readonly string[]> {
  const text = await readFile(join(project, 'docs', page), 'utf8');
  return [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
}

/** Sends requests of every kind to a running Usher. It prints one line of JSON. */
const host = `
import { createServer } from 'node:http';
import Fastify from 'fastify';
import { createUsher, type Granted, type ChannelSignature, type Refused } from 'usher';

const [token = ''] = process.argv.slice(2);
const usher = await createUsher({ ...process.env, LOG_LEVEL: 'silent', POLICY: 'policy' });
const app = Fastify();
app.get('/own', () => 'own');
await app.register(usher.plugin, { prefix: '/realtime' });
await app.register(usher.operatorPlugin, { prefix: '/operator' });
const put = await app.inject({ method: 'PUT', url: '/operator/facts/order/42', payload: { owner_id: '15' } });
const form = { socket_id: '1.2', channel_name: 'private-delivery-42' };
const headers = { authorization: \`Bearer \${token}\` };
const own = await app.inject('/own');
const unknown = await app.inject('/unknown');
const plugin = await app.inject({ method: 'POST', url: '/realtime/pusher/auth', payload: form, headers });
const refused = await app.inject({ method: 'POST', url: '/realtime/pusher/auth', payload: form });
const method = await app.inject({ method: 'PUT', url: '/realtime/pusher/auth', payload: form });
const server = createServer(usher.handle);
await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
const { port } = server.address() as { readonly port: number };
const address = \`http://127.0.0.1:\${port}/pusher/auth\`;
const plain = await fetch(address, { method: 'POST', body: new URLSearchParams(form), headers });
const plainBody: unknown = await plain.json();
const client = { address: '203.0.113.7', bearer: token };
const request = { ...client, socketId: '1.2', channelName: 'private-delivery-42' };
const decided: Granted<ChannelSignature> | Refused = await usher.authorizeChannel(request);
const other = await usher.authorizeChannel({ ...request, channelName: 'private-delivery-43' });
const signedIn = await usher.authenticateUser({ ...client, socketId: '1.2' });
const listed = await usher.listChannels(client);
server.close();
server.closeAllConnections();
await app.close();
await usher.close();
console.log(JSON.stringify({
  put: put.statusCode, own: own.body, unknown: unknown.json(), plugin: plugin.json(), refused: refused.statusCode,
  method: method.statusCode, plain: plainBody, decided, other, signedIn, listed,
}));
`;

const usersOfMisspelt = `
import { check, defineChannel } from 'usher/policy';
export const x = defineChannel('private-x-{order}', {
  about: 'x',
  params: { order: 'id' },
  allow: { user: ({ params }) => [check('x', params.ordr === '1')] },
});
`;

describe('the packed tarball, installed in an empty directory', () => {
  let directory: string;
  let files: readonly string[];
  let database: TestDatabase;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'usher-tarball-'));
    database = await createTestDatabase();
    const source = join(directory, 'source');
    await mkdir(source);
    const shipped = ['package.json', 'README.md', 'LICENSE', 'bin', 'policies', 'prisma', 'test'];
    for (const name of shipped) {
      await cp(join(project, name), join(source, name), { recursive: true });
    }
    const dist = join(source, 'dist');
    const node = (...args: readonly string[]) => run(process.execPath, args, { cwd: project });
    await node('--import', 'tsx', 'deploy/bundle.ts', dist);
    await node(tsc, '-p', 'tsconfig.build.json', '--outDir', dist);
    await node('--import', 'tsx', 'deploy/declarations.ts', dist);
    const packed = await run('npm', ['pack', '--json', '--ignore-scripts'], { cwd: source });
    const [tarball] = Object.values(JSON.parse(packed.stdout) as Record<string, Packed>);
    if (tarball === undefined) throw new Error('nothing was packed');
    files = tarball.files.map(({ path }) => path);
    await write('package.json', '{ "private": true, "type": "module" }');
    const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts'];
    const { version } = createRequire(import.meta.url)('fastify/package.json') as {
      readonly version: string;
    };
    // Fastify is the application's own.
    const packages = [join(source, tarball.filename), `fastify@${version}`];
    await run('npm', [...install, ...packages], { cwd: directory });
  }, 600_000);

  afterAll(async () => {
    await database.drop();
    await rm(directory, { recursive: true, force: true });
  });

  interface Packed {
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }

  const write = async (path: string, text: string) => {
    await mkdir(join(directory, path, '..'), { recursive: true });
    await writeFile(join(directory, path), text);
  };

  /** The errors of the compiler for these files in strict mode. */
  const compile = async (texts: Readonly<Record<string, string>>) => {
    for (const [name, text] of Object.entries(texts)) await write(name, text);
    const options = {
      strict: true,
      module: 'NodeNext',
      target: 'ES2023',
      lib: ['ES2023'],
      types: ['node'],
      typeRoots: [join(project, 'node_modules/@types')],
      rootDir: '.',
      outDir: 'out',
    };
    await write(
      'tsconfig.json',
      JSON.stringify({ compilerOptions: options, files: Object.keys(texts) }),
    );
    const compiled = await run(process.execPath, [tsc, '-p', directory]).catch(
      (error: unknown) => error,
    );
    return (compiled as { readonly stdout: string }).stdout;
  };

  it('has the required files, and no others', async () => {
    const folders = new Set(
      files.map((file) =>
        file
          .split('/')
          .slice(0, file.startsWith('prisma/') ? 2 : 1)
          .join('/'),
      ),
    );
    const expected = [
      'LICENSE',
      'README.md',
      'bin',
      'dist',
      'package.json',
      'policies',
      'prisma/migrations',
    ];
    expect([...folders].sort()).toEqual(expected);
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([]);
    const types = files.filter((file) => file.endsWith('.d.ts'));
    expect(types.filter((file) => file.includes('/database/'))).toEqual([]);
    // The packages of the bundle are not installed with it.
    const texts = await Promise.all(
      types.map((file) => readFile(join(directory, 'node_modules/usher', file), 'utf8')),
    );
    const packages = texts.flatMap((text) => [...text.matchAll(/from '([^.'][^']*)'/g)]);
    const named = new Set(packages.map(([, name = '']) => name));
    expect([...named].filter((name) => !name.startsWith('node:'))).toEqual(['fastify']);
  });

  it('contains the licences of its bundled packages', async () => {
    const text = await readFile(
      join(directory, 'node_modules/usher/dist/THIRD-PARTY-LICENSES'),
      'utf8',
    );
    for (const name of ['fastify', 'jose', 'pg', 'pusher', '@prisma/client', 'jiti']) {
      expect(text).toMatch(new RegExp(`^${name} \\d\\S* \\([^)]+\\)$`, 'm'));
    }
    const [, ...packages] = text.split('-'.repeat(80));
    for (const each of packages) expect(each).toMatch(/copyright|permission/i);
  });

  it('needs no package except the embedded PostgreSQL, and works without it', async () => {
    const alone = join(directory, 'alone');
    const modules = join(alone, 'node_modules');
    await cp(join(directory, 'node_modules/usher'), join(modules, 'usher'), { recursive: true });
    expect(await readdir(modules)).toEqual(['usher']);
    const usher = join(modules, 'usher/bin/usher.cjs');
    const { stdout } = await run(process.execPath, [usher, 'channels'], { cwd: alone });
    expect(stdout).toContain('private-');
  });

  it('can be required by a CommonJS server', async () => {
    const names = `Object.keys({ ...require('usher'), ...require('usher/policy') }).join(' ')`;
    const { stdout } = await run(process.execPath, ['-p', names], { cwd: directory });
    expect(stdout).toContain('createUsher check defineChannel');
  });

  it('has types, as its documentation shows', async () => {
    const [library, modules] = [
      await examplesOf('library.md'),
      await examplesOf('policy-modules.md'),
    ];
    expect([library.length, modules.length]).toEqual([2, 3]);
    const texts = [...library, ...modules].map((text, i) => [`example-${i}.ts`, text] as const);
    expect(await compile(Object.fromEntries(texts))).toBe('');
    expect(await compile({ 'misspelt.ts': usersOfMisspelt })).toContain(
      "Property 'ordr' does not exist",
    );
  });

  it('authorizes within an application, in each documented way', async () => {
    const [policy = ''] = await examplesOf('policy-modules.md');
    await write('policy/delivery.ts', policy);
    expect(await compile({ 'host.ts': host })).toBe('');
    const env = {
      PATH: process.env['PATH'],
      POLICY: 'policy',
      DATABASE_URL: database.url.reveal(),
    };
    const in_ = { cwd: directory, env };
    const { stdout: token } = await run('npx', ['usher', 'mint-token', 'user', '--sub', '15'], in_);
    const ran = await run(process.execPath, ['out/host.js', token.trim()], in_);
    const auth = expect.stringMatching(/^[^:]+:[0-9a-f]{64}$/) as string;
    expect(JSON.parse(ran.stdout)).toMatchObject({
      put: 200,
      own: 'own',
      unknown: { error: 'Not Found', statusCode: 404 },
      plugin: { auth },
      refused: 401,
      method: 405,
      plain: { auth },
      decided: { outcome: 'grant', body: { auth } },
      other: { outcome: 'refusal', code: 'not-allowed', status: 403 },
      signedIn: { outcome: 'grant', body: { auth, user_data: '{"id":"15"}' } },
      listed: { outcome: 'list', channels: [] },
    });
  });
});

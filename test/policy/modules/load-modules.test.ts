import { mkdtempSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { loadModules, maxLoadMs } from '../../../src/policy/modules/load-modules.ts';
import { roleOf } from '../../../src/policy/policy-files.ts';
import { ModuleError } from '../../../src/policy/modules/problem.ts';
import { createTestClock } from '../../support/test-clock.ts';

const root = mkdtempSync(join(tmpdir(), 'modules-'));
afterAll(() => {
  rmSync(root, { recursive: true });
});

let count = 0;

/** Writes files, and returns their paths by their names. */
function write(files: Readonly<Record<string, string>>, folder = join(root, String((count += 1)))) {
  return Object.entries(files).map(([name, text]) => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
    return path;
  });
}

const load = (files: Readonly<Record<string, string>>, entries = Object.keys(files).length) =>
  loadModules(write(files).slice(0, entries));

const delivery = `import { check, defineChannel, defineFact } from 'usher/policy';
export const order = defineFact('order', { ids: ['order'], fields: { owner_id: 'string' } });
export const delivery = defineChannel('private-delivery-{order}', {
  about: 'the owner of the order, and couriers of its tenant',
  params: { order: 'id' },
  facts: { order: ({ params }) => order(params.order) },
  allow: { user: ({ user, facts }) => [check('user owns it', facts.order?.owner_id === user.id)] },
});
`;

/** A channel in the syntax of TypeScript and JavaScript, with these lines before it. */
const channel = (about: string, before = '', pattern = 'private-x') => `${before}
import { check, defineChannel } from 'usher/policy';
export const x = defineChannel('${pattern}', { about: ${about}, allow: { user: () => [check('x', true)] } });
`;

describe('loading modules', () => {
  it('loads a channel and the facts of its rules', async () => {
    const [path = ''] = write({ 'delivery.ts': delivery });
    const { channels, factKinds, files } = await loadModules([path]);
    expect(files).toEqual([path]);
    expect(factKinds).toMatchObject([{ name: 'order', ids: ['order'] }]);
    const [found] = channels;
    expect(found).toMatchObject({
      pattern: { text: 'private-delivery-{order}' },
    });
    const input = { params: { order: '42' }, now: new Date(0), user: { id: '15', roles: [] } };
    expect(found?.rules.get('user')?.facts[0]?.refer({ ...input, facts: {} })).toEqual({
      kind: factKinds[0],
      ids: ['42'],
    });
    const rules = found?.rules.get('user');
    expect(rules?.names).toEqual(['user owns it']);
    const passedFor = (owner_id: string) =>
      rules?.check({ ...input, facts: { order: { owner_id } } })[0]?.passed;
    expect([passedFor('15'), passedFor('16')]).toEqual([true, false]);
  });

  it('loads the sources that it declares', async () => {
    const source = `import { defineSource } from 'usher/policy';
export const shop = defineSource('shop', { url: { env: 'SHOP_URL' } });
export const file = defineSource('legacy', { url: { file: '/run/url' } });`;
    const [path = ''] = write({ 'sources.ts': source });
    const { sources } = await loadModules([path]);
    expect(new Map(sources.map((each) => [each.name, each]))).toEqual(
      new Map([
        ['shop', { name: 'shop', url: { env: 'SHOP_URL' }, place: `${path}:2` }],
        ['legacy', { name: 'legacy', url: { file: '/run/url' }, place: `${path}:3` }],
      ]),
    );
  });

  it.each([
    ["'Shop', { url: { env: 'A' } }", 'invalid name'],
    ["'shop', { url: { env: 'shop_url' } }", 'the url must be'],
    ["'shop', { url: { file: 'url' } }", 'the url must be'],
    ["'shop', { url: { env: 'A', file: '/a' } }", 'the url must be'],
    ["'shop', { url: 'postgres://secret' }", 'the url must be'],
  ])('refuses the source %s', async (declared, message) => {
    const source = `import { defineSource } from 'usher/policy';\nexport const shop = defineSource(${declared});`;
    const loading = load({ 'sources.ts': source });
    await expect(loading).rejects.toThrow(message);
    await expect(loading).rejects.not.toThrow('secret');
  });

  it.each(['x.ts', 'x.mts', 'x.js', 'x.mjs'])('loads %s', async (name) => {
    const typed = name.endsWith('ts') ? 'const text: string = "typed";' : 'const text = "typed";';
    const source = channel('text', typed);
    for (const type of ['module', 'commonjs']) {
      const [path = ''] = write({ [name]: source, 'package.json': JSON.stringify({ type }) });
      expect((await loadModules([path])).channels).toMatchObject([{ about: 'typed' }]);
    }
  });

  it.each([
    ['x.ts', true],
    ['x.mts', true],
    ['x.js', true],
    ['x.mjs', true],
    ['x.d.ts', false],
    ['x.d.mts', false],
    ['x.test.ts', false],
    ['x.test.mts', false],
    ['x.test.js', false],
    ['x.test.mjs', false],
    ['x.cjs', false],
    ['x.tsx', false],
    ['x.json', false],
    ['x.yaml', false],
  ])('accepts %s as a module: %s', (name, expected) => {
    expect(roleOf(name) === 'module').toBe(expected);
  });

  it('loads modules that import built-in modules, use top-level await, and import dynamically', async () => {
    const before = `import { basename } from 'node:path';
import fs from 'node:fs';
import { later } from './circle.ts';
const text = await Promise.resolve(basename('/a/b') + typeof fs.readFileSync + (await import('./lib/c.mjs')).c + later());`;
    const loaded = await load(
      {
        'a.ts': channel('text', before),
        'circle.ts': `import { other } from './circle2.ts';\nexport const later = () => other();`,
        'circle2.ts': `import { later } from './circle.ts';\nexport const other = () => typeof later;`,
        'lib/c.mjs': 'export const c = "C";',
      },
      1,
    );
    expect(loaded.channels).toMatchObject([{ about: 'bfunctionCfunction' }]);
    expect(loaded.files.map((file) => file.replace(/.*\//, ''))).toEqual([
      'a.ts',
      'circle.ts',
      'circle2.ts',
      'c.mjs',
    ]);
  });

  it('evaluates an imported module once', async () => {
    const user = (pattern: string) =>
      `import { order } from './facts.mjs';\n` +
      channel(`'x'`, '', pattern).replace(
        'allow:',
        `params: { a: 'id' }, facts: { order: () => order('1') }, allow:`,
      );
    const { factKinds, channels } = await load({
      'a.ts': user('private-a-{a}'),
      'b.js': user('private-b-{a}'),
      'facts.mjs': `import { defineFact } from 'usher/policy';\nexport const order = defineFact('order', { ids: ['a'], fields: {} });`,
    });
    expect(factKinds).toHaveLength(1);
    const input = { params: { a: '1' }, facts: {}, now: new Date(0) };
    expect(channels.map(({ rules }) => rules.get('user')?.facts[0]?.refer(input))).toEqual([
      { kind: factKinds[0], ids: ['1'] },
      { kind: factKinds[0], ids: ['1'] },
    ]);
  });

  it.each(['h.ts', 'h.mts', 'h.js', 'h.mjs', 'h.cjs', 'h.json'])('reloads %s', async (name) => {
    const textOf = (value: string) => {
      if (name.endsWith('.json')) return JSON.stringify({ value });
      return name.endsWith('.cjs')
        ? `exports.value = '${value}';`
        : `export const value = '${value}';`;
    };
    const entry = channel('h.value', `import * as h from './${name}';`);
    for (const type of ['module', 'commonjs']) {
      const folder = join(root, `again-${type}-${name}`);
      const [path = ''] = write(
        { 'x.mjs': entry, [name]: textOf('old'), 'package.json': JSON.stringify({ type }) },
        folder,
      );
      const before = await loadModules([path]);
      write({ [name]: textOf('new') }, folder);
      const after = await loadModules([path]);
      expect([before, after].map(({ channels }) => channels[0]?.about)).toEqual(['old', 'new']);
      expect(after.files).toEqual([join(folder, name), path]);
    }
  });

  it('reads the files of a mounted ConfigMap, and leaves no copy', async () => {
    const folder = join(root, 'configmap');
    write(
      {
        'x.ts': channel('h', `import { h } from './h.ts';`),
        'h.ts': `import { defineFact } from 'usher/policy';\nexport const h = 'text';`,
      },
      join(folder, '..2026_11_27'),
    );
    symlinkSync('..2026_11_27', join(folder, '..data'));
    for (const name of ['x.ts', 'h.ts']) symlinkSync(`..data/${name}`, join(folder, name));
    const before = readdirSync(folder, { recursive: true });
    const { files, channels } = await loadModules([join(folder, 'x.ts')]);
    expect(channels).toMatchObject([{ about: 'text' }]);
    expect(files).toEqual([join(folder, 'h.ts'), join(folder, 'x.ts')]);
    expect(readdirSync(folder, { recursive: true })).toEqual(before);
  });
});

describe('a module that never finishes loading', () => {
  it('is a problem after ten seconds', async () => {
    const { clock, waiting, advance } = createTestClock(0);
    const [path = ''] = write({ 'a.mjs': channel("'x'", 'await new Promise(() => {});') });
    const loading = loadModules([path], clock.startTimer);
    const refused = expect(loading).rejects.toThrow(
      `${path}: is not loaded after 10 s: an \`await\` outside of functions does not end`,
    );
    await vi.waitFor(() => {
      expect(waiting()).toBe(1);
    });
    advance(maxLoadMs);
    await refused;
  });

  it('is reported at the same time as others', async () => {
    const { clock, waiting, advance } = createTestClock(0);
    const startTimer = vi.fn(clock.startTimer);
    const endless = (name: string) => channel("'x'", 'await new Promise(() => {});', name);
    const paths = write({
      'a.mjs': endless('private-a'),
      'b.ts': channel("'x'", 'await new Promise(setImmediate);', 'private-b'),
      'c.mjs': endless('private-c'),
      'd.ts': `import './c.mjs';\n${channel("'x'", '', 'private-d')}`,
    });
    const loading = loadModules(paths, startTimer).catch((error: unknown) => error);
    // The timer of the start, and that after `b.ts`.
    await vi.waitFor(() => {
      expect(startTimer).toHaveBeenCalledTimes(2);
    });
    advance(maxLoadMs);
    const { problems } = (await loading) as ModuleError;
    expect(problems.map(({ file }) => file)).toEqual([paths[0], paths[2], paths[3]]);
    expect(waiting()).toBe(0);
  });

  it('is not a problem if it finishes in time, and leaves no timer', async () => {
    const { clock, waiting } = createTestClock(0);
    const [path = ''] = write({ 'a.mjs': channel("'x'", 'await new Promise(setImmediate);') });
    await loadModules([path], clock.startTimer);
    expect(waiting()).toBe(0);
  });
});

describe('a module that cannot be loaded', () => {
  const define = `import { check, defineChannel, defineFact, defineSource } from 'usher/policy';\n`;
  const uses = (path: string) => `\nimport { hlp } from '${path}';\n${channel('hlp')}`;
  const other = (text: string) => ({
    'a.ts': `import './lib/b.ts';\n${channel("'x'")}`,
    'lib/b.ts': text,
  });
  it.each<[string, Readonly<Record<string, string>>, string]>([
    ['a syntax error', { 'a.ts': `\nexport const a = ;\n` }, 'a.ts:2:18: Unexpected token'],
    ['a syntax error in a module it imports', other('\n\nlet = 1 +'), 'lib/b.ts:3:'],
    ['an error', { 'a.ts': `${define}\nthrow new Error('boom');` }, 'a.ts:3: boom'],
    [
      'an asynchronous error',
      { 'a.ts': `${define}\nawait Promise.reject(new Error('boom'));` },
      'a.ts:3: boom',
    ],
    [
      'an error in a module it imports',
      other(`export const b = 1;\nnull.x;`),
      'lib/b.ts:2: Cannot read properties of null',
    ],
    [
      'a thrown value that is not an error',
      { 'a.ts': `throw null;` },
      'a.ts: threw something that is not an Error',
    ],
    [
      'an invalid pattern',
      { 'a.ts': `${define}\n\nexport const a = defineChannel('x', { about: 'x', allow: {} });` },
      'a.ts:4: Channel pattern x: must begin',
    ],
    [
      'a misspelt import',
      {
        'a.ts': `import { check, defineChanel } from 'usher/policy';\nexport const a = defineChanel('private-a', {});`,
      },
      'a.ts:1: usher/policy does not export defineChanel; it exports check, defineChannel, defineFact, defineSource',
    ],
    [
      'a misspelt import of its own',
      {
        'a.ts': uses('./lib/b.ts'),
        'lib/b.ts': 'export const help = 1;',
      },
      'a.ts:2: ./lib/b.ts does not export hlp; it exports help',
    ],
    [
      'a missing file',
      { 'a.ts': uses('./lib/c.ts') },
      'a.ts:2: imports ./lib/c.ts, which does not exist',
    ],
    [
      'a missing package',
      { 'a.ts': uses('left-pad-x') },
      'a.ts:2: imports left-pad-x, which does not exist',
    ],
    [
      'an export of something else',
      { 'a.ts': `${channel("'x'")}\nexport const helper = () => 1;` },
      'a.ts:5: exports helper, which is not the result of',
    ],
    [
      'an object that resembles a channel',
      { 'a.ts': `export const a = { pattern: 'private-a' };` },
      'a.ts:1: exports a, which',
    ],
    [
      'a modified channel',
      {
        'a.ts': channel("'x'")
          .replace('export const x', 'const y')
          .concat('export const z = { ...y };'),
      },
      'a.ts:4: exports z',
    ],
    [
      'a default export of something else',
      { 'a.ts': `${channel("'x'")}\nexport default [x];` },
      'a.ts:5: exports default',
    ],
    [
      'no export',
      {
        'a.ts': `${define}defineChannel('private-x', { about: 'x', allow: { user: () => [check('x', true)] } });`,
      },
      'a.ts: exports no defineChannel',
    ],
    ['an empty file', { 'a.ts': '' }, 'a.ts: exports no defineChannel'],
    [
      'facts that are not exported',
      { 'a.ts': delivery.replace('export const order', 'const order') },
      'a.ts: private-delivery-{order} reads facts of the kind order, which no module of the policy exports',
    ],
  ])('is reported with the place of %s', async (...[, files, message]) => {
    const [path = ''] = write(files);
    const error: unknown = await loadModules([path]).catch((fault: unknown) => fault);
    expect(error).toBeInstanceOf(ModuleError);
    expect((error as Error).message).toContain(join(dirname(path), message));
    expect((error as ModuleError).files).toEqual(
      Object.keys(files).map((name) => join(dirname(path), name)),
    );
  });

  it('is reported together with all others, and once', async () => {
    const paths = write({
      'a.ts': `import './lib/c.ts';`,
      'b.ts': `import './lib/c.ts';`,
      'd.ts': 'export const d = 1;',
      'lib/c.ts': 'throw new Error("boom");',
    });
    const error: unknown = await loadModules(paths.slice(0, 3)).catch((fault: unknown) => fault);
    expect((error as ModuleError).problems.map(({ file }) => file)).toEqual([paths[3], paths[2]]);
  });

  it.each([
    [
      'channel',
      "defineChannel('private-x', { about: 'x', allow: { user: () => [check('x', true)] } })",
      'private-x',
    ],
    ['fact', "defineFact('order', { ids: ['order'], fields: {} })", 'order'],
    ['source', "defineSource('shop', { url: { env: 'SHOP_URL' } })", 'shop'],
  ])('is reported if it declares a %s that another one declares', async (...[what, text, name]) => {
    const paths = write({
      'a.ts': `${define}export const a = ${text};`,
      'b.ts': `${define}export const b = ${text};`,
    });
    await expect(loadModules(paths)).rejects.toThrow(
      `${String(paths[1])}: the ${what} ${name} is declared in ${String(paths[0])} as well`,
    );
  });

  it('is reported if it declares a path of facts that another one declares', async () => {
    const fact = (name: string, path: string) =>
      `${define}export const a = defineFact('${name}', { ids: ['a'], fields: {}, path: '${path}' });`;
    const paths = write({
      'a.ts': fact('one', '/resources/x/{a}'),
      'b.ts': fact('two', '/resources/x/{a}/'),
    });
    await expect(loadModules(paths)).rejects.toThrow(
      `${String(paths[1])}: the path /resources/x/{} is declared in ${String(paths[0])} as well`,
    );
  });

  it('is reported if its file does not exist', async () => {
    await expect(loadModules([join(root, 'absent.ts')])).rejects.toThrow(
      'absent.ts: cannot be read: ENOENT',
    );
  });
});

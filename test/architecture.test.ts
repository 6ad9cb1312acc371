import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { format } from 'prettier';
import { beforeAll, describe, expect, it } from 'vitest';
import { filesOfOneRequest } from './support/one-request.ts';
import { folderOf, folders } from './support/folders.ts';

const src = fileURLToPath(new URL('../src', import.meta.url));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
  /** Whether it is loaded when the code runs, by `import()`. */
  readonly isDynamic?: boolean;
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.includes('/generated/'),
);

const textOf = new Map(files.map((file) => [file, readFileSync(join(src, file), 'utf8')]));

const imports: readonly Import[] = files.flatMap((from) =>
  [
    ...(textOf.get(from) ?? '').matchAll(
      /^(?:import|export) (type )?(?:[^'";]*? from )?'([^']+)'|import\('([^']+)'\)/gm,
    ),
  ].map(([, type, fixed, dynamic]) => {
    const named = fixed ?? dynamic ?? '';
    const to = named.startsWith('.') ? normalize(join(dirname(from), named)) : named;
    return { from, to, typeOnly: type !== undefined, isDynamic: dynamic !== undefined };
  }),
);

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const folder = folderOf(from);
  if (folder === 'composition root') return true;
  if (!to.endsWith('.ts')) {
    const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : to.split('/')[0];
    return to.startsWith('node:') || (folders[folder]?.packages?.includes(name ?? '') ?? false);
  }
  const target = folderOf(to);
  const allowed = folders[folder]?.mayImport ?? [];
  if (target === folder || allowed.includes(to) || allowed.includes(target)) return true;
  return typeOnly && (allowed.includes(`type ${target}`) || allowed.includes(`type ${to}`));
}

describe('src', () => {
  it('finds imports', () => {
    expect(imports.length).toBeGreaterThan(100);
    const found = new Set(files.map(folderOf).filter((folder) => folder !== 'composition root'));
    expect([...found].sort()).toEqual(Object.keys(folders).sort());
  });

  it('imports only as the table allows', () => {
    const wrong = imports.filter((each) => !isAllowed(each));
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('the table has no unused entry', () => {
    const unused = Object.entries(folders).flatMap(([folder, { mayImport, packages = [] }]) => {
      const own = imports.filter(({ from }) => folderOf(from) === folder);
      const isUsed = (allowed: string) => {
        const target = allowed.replace(/^type /, '');
        return own.some(
          ({ to, typeOnly }) =>
            (to === target || folderOf(to) === target) && (!typeOnly || allowed !== target),
        );
      };
      const isImported = (name: string) => own.some(({ to }) => `${to}/`.startsWith(`${name}/`));
      return [
        ...mayImport.filter((allowed) => !isUsed(allowed)),
        ...packages.filter((name) => !isImported(name)),
      ].map((allowed) => `${folder}: ${allowed}`);
    });
    expect(unused).toEqual([]);
  });

  it('refuses imports that the table does not allow', () => {
    const wrong: Import[] = [
      { from: 'policy/x.ts', to: 'authorize/y.ts', typeOnly: true },
      { from: 'policy/x.ts', to: 'policy/cel/y.ts', typeOnly: false },
      { from: 'policy/cel/x.ts', to: 'policy/yaml/y.ts', typeOnly: true },
      { from: 'policy/x.ts', to: 'runtime/clock.ts', typeOnly: false },
      { from: 'policy/yaml/x.ts', to: 'database/y.ts', typeOnly: false },
      { from: 'http/x.ts', to: 'pusher/sign.ts', typeOnly: false },
      { from: 'http/routes/x/route.ts', to: 'pusher/sign.ts', typeOnly: false },
      { from: 'http/x.ts', to: 'database/y.ts', typeOnly: true },
      { from: 'http/openapi/x.ts', to: 'http/server.ts', typeOnly: false },
      { from: 'authorize/x.ts', to: 'fastify', typeOnly: false },
      { from: 'authorize/x.ts', to: 'database/client.ts', typeOnly: true },
      { from: 'authorize/x.ts', to: 'authn/credential.ts', typeOnly: false },
      { from: 'http/x.ts', to: '@prisma/client/runtime', typeOnly: false },
      { from: 'policy/x.ts', to: 'left-pad', typeOnly: false },
    ];
    expect(wrong.filter(isAllowed)).toEqual([]);
  });

  it('has no circular imports', () => {
    const graph = new Map(
      files.map((file) => [
        file,
        imports.filter(({ from, to, typeOnly }) => from === file && !typeOnly && textOf.has(to)),
      ]),
    );
    const finished = new Set<string>();
    const visit = (file: string, path: readonly string[]): string[] => {
      if (path.includes(file)) return [[...path.slice(path.indexOf(file)), file].join(' → ')];
      if (finished.has(file)) return [];
      finished.add(file);
      return (graph.get(file) ?? []).flatMap(({ to }) => visit(to, [...path, file]));
    };
    expect(files.flatMap((file) => visit(file, []))).toEqual([]);
  });

  // Each takes megabytes of memory, and is loaded when it is used.
  it.each([
    ...['database/generated/client.ts', '@prisma/adapter-pg', 'mysql2', 'ioredis', 'jiti'],
    ...['@opentelemetry/exporter-trace-otlp-http', 'commander'],
  ])('does not load %s at the start', (heavy) => {
    const loads = (file: string) =>
      imports.filter(({ from, typeOnly, isDynamic }) => from === file && !typeOnly && !isDynamic);
    const loaded = new Set(['serve.ts']);
    for (const file of loaded) for (const { to } of loads(file)) loaded.add(to);
    expect(loaded.size).toBeGreaterThan(200);
    expect(imports.map(({ to }) => to)).toContain(heavy);
    expect([...loaded]).not.toContain(heavy);
  });

  it('contains no name of a shipped policy', () => {
    // The words of the shipped policies. PostgreSQL and English have orders, too.
    const words =
      /hotel|booking|escrow|theatre|grand-|BK-20|room_?number|\brooms?(?![a-z])(?! for it)|announcements|\bseat/i;
    const lines = [...textOf].flatMap(([file, text]) =>
      text
        .split('\n')
        .flatMap((line, i) => (words.test(line) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
    );
    expect(lines).toEqual([]);
  });

  it.each([
    ['process.env', /process\.env/, ['main.ts', 'cli/main.ts']],
    // A build moves modules into files of other directories.
    ['a path relative to a module', /new URL\([^)]*import\.meta/, []],
    ['the clock', /Date\.now|new Date\(\)/, ['runtime/clock.ts', 'cli/mint-token.ts']],
  ])('%s is used only in the listed modules', (_what, pattern, where) => {
    const readers = [...textOf].filter(([, text]) => pattern.test(text)).map(([file]) => file);
    expect(readers.filter((file) => !where.includes(file))).toEqual([]);
  });
});

describe('test', () => {
  const test = fileURLToPath(new URL('.', import.meta.url));
  const testFiles = readdirSync(test, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  /** The local files that a test file names, in an import or as a URL. */
  const namedIn = (file: string): readonly string[] =>
    [
      ...readFileSync(join(test, file), 'utf8').matchAll(
        /(?:from |import\(|import |new URL\()'(\.[^']+\.ts)'/g,
      ),
    ]
      .map(([, path = '']) => join('test', dirname(file), path))
      // A test may write modules, whose imports are not its own.
      .filter((path) => existsSync(join(test, '..', path)));
  /** The files of `src/` that a test file imports, also by way of other files of `test/`. */
  const testedBy = (file: string, seen = new Set<string>()): readonly string[] => {
    if (seen.has(file)) return [];
    seen.add(file);
    return namedIn(file).flatMap((path) =>
      path.startsWith('src/') ? [path] : testedBy(path.replace('test/', ''), seen),
    );
  };
  /** These import or start the whole application, which has every folder. */
  const applications = ['src/app.ts', 'src/main.ts', 'test/support/program.ts'];

  const inFolders = testFiles.filter(
    (file) => file.endsWith('.test.ts') && file.includes('/') && !isShared(file),
  );

  it('has the folders of src, and shared ones', () => {
    expect(inFolders.length).toBeGreaterThan(100);
    const unknown = inFolders.map(dirname).filter((folder) => !existsSync(join(src, folder)));
    expect([...new Set(unknown)]).toEqual([]);
  });

  it('tests in each folder the modules of that folder of src', () => {
    const elsewhere = inFolders.filter((file) => {
      const folder = `src/${file.split('/')[0]}/`;
      const tested = [...testedBy(file), ...namedIn(file)];
      return !tested.some((path) => path.startsWith(folder) || applications.includes(path));
    });
    expect(elsewhere).toEqual([]);
  });
});

/** Folders of `test/` that have no counterpart in `src/`; `test/README.md` says what belongs there. */
function isShared(file: string): boolean {
  const shared = [
    'attacks',
    'bench',
    'clients',
    'contract',
    'deploy',
    'docs',
    'e2e',
    'faults',
    'fuzz',
    'policies',
  ];
  return shared.includes(file.split('/')[0] ?? '');
}

/** Files of one granted request. Lower it when the list gets shorter. */
const maxFilesOfOneRequest = 53;

describe('docs/ARCHITECTURE.md', () => {
  const page = '../docs/ARCHITECTURE.md';
  let files: readonly string[];
  beforeAll(async () => {
    files = await filesOfOneRequest();
  });

  it('has the folders and the files of one request', async () => {
    const text = readFileSync(new URL(page, import.meta.url), 'utf8');
    const sections = [
      ['folders', await format(foldersTable(), { parser: 'markdown' })],
      ['one request', filesByFolder(files)],
    ] as const;
    const updated = sections.reduce((written, [name, section]) => {
      const [start, end] = [`<!-- ${name}: `, `<!-- end of ${name} -->`];
      const parts = written.split(new RegExp(`(?<=${start}.*\n)[^]*(?=${end})`));
      expect(parts).toHaveLength(2);
      return parts.join(`\n${section}\n`);
    }, text);
    await expect(updated).toMatchFileSnapshot(page);
  });

  it('fits on one page', () => {
    const lines = readFileSync(new URL(page, import.meta.url), 'utf8').split('\n');
    expect(lines.length).toBeLessThanOrEqual(110);
  });

  it(`lists at most ${maxFilesOfOneRequest} files`, () => {
    expect(files.length).toBeGreaterThan(20);
    expect(files.length).toBeLessThanOrEqual(maxFilesOfOneRequest);
  });
});

function foldersTable(): string {
  const rows = Object.entries(folders).map(([folder, { purpose, mayImport, packages = [] }]) => {
    const names = new Set(packages.map((name) => name.replace(/^(@opentelemetry)\/.*/, '$1/*')));
    return [`\`${folder}\``, purpose, importsText(mayImport), [...names].join(', ')];
  });
  return [['folder', 'purpose', 'may import', 'packages'], Array(4).fill('---'), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}

/** The allowed imports in short: whole folders, then the folders of single files, then those of types. */
function importsText(mayImport: readonly string[]): string {
  const isFolder = (target: string) => Object.hasOwn(folders, target);
  const types = mayImport.filter((each) => each.startsWith('type '));
  const values = mayImport.filter((each) => !types.includes(each));
  const named = new Set<string>();
  const list = (prefix: string, targets: readonly string[]) => {
    const names = new Set(targets.map((each) => (isFolder(each) ? each : folderOf(each))));
    const added = [...names].filter((name) => !named.has(name));
    for (const name of added) named.add(name);
    return added.length === 0 ? [] : [prefix + added.join(', ')];
  };
  const parts = [
    ...list('', values.filter(isFolder)),
    ...list('files of ', values),
    ...list(
      'types of ',
      types.map((each) => each.replace('type ', '')),
    ),
  ];
  return parts.join('; ') || 'nothing';
}

/** A line for each folder, in the order of the table. */
function filesByFolder(files: readonly string[]): string {
  const lines = [...Object.keys(folders), 'composition root'].flatMap((folder) => {
    const own = files.filter((file) => folderOf(file) === folder);
    const names = own.map((file) => file.replace(`${folder}/`, '').replace(/\.ts$/, ''));
    return own.length === 0 ? [] : [`- **${folder}**: ${names.join(', ')}`];
  });
  return `${lines.join('\n')}\n`;
}

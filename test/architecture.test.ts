import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/**
 * Who may import whom: for each room, the rooms it knows beside itself. This table is the diagram of the house.
 * `file.ts` names one file; `type room` allows its types only.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  core: [],
  channels: ['core'],
  authorize: ['core', 'rate-limit'],
  'rate-limit': ['core'],
  // Adapters measure themselves as spans.
  credentials: ['core', 'tracing/span.ts'],
  resources: ['core', 'tracing/span.ts'],
  pusher: ['core', 'tracing/span.ts'],
  stores: ['core'],
  audit: ['core', 'tracing/span.ts'],
  // A key that the start would not take is a problem of the configuration.
  config: ['core', 'credentials/token-key.ts'],
  tracing: ['core'],
  openapi: [],
  http: ['core', 'authorize', 'openapi', 'type rate-limit', 'type pusher'],
  gateway: ['core', 'authorize', 'openapi', 'type pusher'],
  cli: [
    ...['core', 'authorize', 'config', 'channels', 'credentials/mint.ts'],
    ...[
      'app.ts',
      'app-records.ts',
      'app-transfer.ts',
      'app-policy.ts',
      'app-paper.ts',
      'app-ask.ts',
      'main.ts',
      'sentence.ts',
    ],
    'exit-codes.ts',
    // The doctor looks from outside: as a client of the Pusher server, at the time that it is.
    ...['pusher/ask-app.ts', 'clock.ts', 'demo.ts'],
  ],
};

/** Which room alone knows a package. */
const homeOf: Readonly<Record<string, readonly string[]>> = {
  fastify: ['http', 'gateway', 'app'],
  '@fastify/cors': ['http'],
  '@fastify/rate-limit': ['http'],
  ws: ['gateway', 'cli'],
  '@prisma/client': ['resources'],
  '@prisma/adapter-pg': ['resources'],
  pg: ['resources'],
  pusher: ['pusher'],
  jose: ['credentials'],
  commander: ['cli'],
  leven: ['config'],
  ioredis: ['stores'],
  pino: ['app'],
  'prom-client': ['audit'],
  '@opentelemetry/api': ['tracing'],
  '@opentelemetry/core': ['tracing'],
  '@opentelemetry/exporter-trace-otlp-http': ['tracing'],
  '@opentelemetry/resources': ['tracing'],
  '@opentelemetry/sdk-trace-base': ['tracing'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Files at the top of `src` know everybody; together they are the composition root. */
const roomOf = (file: string): string => (file.includes('/') ? (file.split('/')[0] ?? '') : 'app');

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
    return { from, to, typeOnly: type !== undefined };
  }),
);

function isAllowed({ from, to, typeOnly }: Import): boolean {
  const room = roomOf(from);
  if (room === 'app') return true;
  if (!to.endsWith('.ts')) {
    const name = to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : to.split('/')[0];
    return to.startsWith('node:') || (homeOf[name ?? '']?.includes(room) ?? false);
  }
  const target = roomOf(to);
  const allowed = mayImport[room] ?? [];
  if (target === room || allowed.includes(to) || allowed.includes(target)) return true;
  return typeOnly && allowed.includes(`type ${target}`);
}

describe('the house', () => {
  it('has imports to look at', () => {
    expect(imports.length).toBeGreaterThan(100);
    const rooms = [...new Set(files.map(roomOf))].filter((room) => room !== 'app');
    expect(rooms.filter((room) => !Object.hasOwn(mayImport, room))).toEqual([]);
  });

  it('imports only as the table allows', () => {
    const wrong = imports.filter((each) => !isAllowed(each));
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('refuses what the table does not allow', () => {
    const wrong: Import[] = [
      { from: 'core/x.ts', to: 'authorize/y.ts', typeOnly: true },
      { from: 'channels/x.ts', to: 'resources/y.ts', typeOnly: false },
      { from: 'http/x.ts', to: 'pusher/sign.ts', typeOnly: false },
      { from: 'http/x.ts', to: 'resources/y.ts', typeOnly: true },
      { from: 'authorize/x.ts', to: 'fastify', typeOnly: false },
      { from: 'http/x.ts', to: '@prisma/client/runtime', typeOnly: false },
      { from: 'core/x.ts', to: 'left-pad', typeOnly: false },
    ];
    expect(wrong.filter(isAllowed)).toEqual([]);
  });

  it('has no circles among its files', () => {
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

  it.each([
    ['process.env', /process\.env/, ['main.ts', 'cli/main.ts']],
    ['the clock', /Date\.now|new Date\(\)/, ['clock.ts', 'cli/mint-token.ts']],
  ])('%s is read only where it enters', (_what, pattern, where) => {
    const readers = [...textOf].filter(([, text]) => pattern.test(text)).map(([file]) => file);
    expect(readers.filter((file) => !where.includes(file))).toEqual([]);
  });
});

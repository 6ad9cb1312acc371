import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const src = fileURLToPath(new URL('../src', import.meta.url));

/**
 * Who may import whom: for each room, the rooms and files it knows beside itself. This table is the diagram of the house.
 * `type …` allows types only. A room within a room is one of its own.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  policy: [],
  'policy/channels': ['policy'],
  runtime: [],
  // Adapters measure themselves as spans.
  authn: ['policy', 'runtime', 'observability/tracing/span.ts', 'type observability/tracing'],
  authorize: [
    ...['policy', 'runtime', 'type audit/audit-event.ts'],
    ...['type authn/credential.ts', 'type authn/chat-servers.ts', 'authn/guest-session-token.ts'],
    ...['rate-limit/grants.ts', 'type rate-limit/limits.ts'],
    ...['type pusher/pusher-app.ts', 'pusher/tracked-connection.ts'],
    'observability/outage-log.ts',
  ],
  facts: ['policy', 'database'],
  'rate-limit': [
    ...['policy', 'runtime', 'type redis', 'type audit/audit-event.ts'],
    ...['http/input/auth-request.ts', 'http/output/problem.ts'],
  ],
  audit: [
    ...['policy', 'runtime', 'database'],
    ...['rate-limit/fixed-window.ts', 'type authorize/tickets/ticket.ts'],
    ...['observability/tracing/span.ts', 'type observability/tracing'],
  ],
  database: [
    ...['policy', 'runtime', 'type authn', 'pusher/tracked-connection.ts'],
    ...['authorize/revocation/revocation.ts', 'authorize/tickets/ticket.ts'],
    'observability/tracing/span.ts',
    // The statement that names a tenant to row-level security.
    'facts/store/escrows.ts',
  ],
  pusher: [
    ...['policy', 'runtime', 'type redis', 'type audit/audit-event.ts'],
    'observability/tracing/span.ts',
  ],
  redis: ['runtime'],
  http: [
    ...[
      'policy',
      'runtime',
      'http/openapi',
      'audit/audit-event.ts',
      'rate-limit/request-limits.ts',
    ],
    ...['authorize', 'type authn', 'type facts', 'type rate-limit', 'type pusher'],
    ...['pusher/webhooks/receive-webhook.ts', 'type observability/tracing'],
  ],
  'http/openapi': [],
  websocket: [
    ...['policy', 'runtime', 'http/openapi', 'authorize'],
    ...['type audit/audit-event.ts', 'type authn', 'type rate-limit'],
  ],
  observability: ['runtime', 'type config'],
  'observability/metrics': [
    ...['runtime', 'observability', 'rate-limit/fixed-window.ts', 'type rate-limit/limits.ts'],
    ...['type audit/audit-event.ts', 'type pusher/webhooks/webhook.ts'],
  ],
  'observability/tracing': ['runtime'],
  jobs: [
    ...['runtime', 'observability/outage-log.ts', 'authorize/revocation/revoke.ts'],
    ...['type authorize', 'type pusher/tracked-connection.ts'],
  ],
  // The start checks a setting by the parser that will use it.
  config: [
    ...['runtime', 'authn/weak-secret.ts', 'authn/jwt/token-key.ts', 'pusher/pusher-app.ts'],
    ...['database/postgres-url.ts', 'redis/redis-url.ts', 'type pusher/signing-style.ts'],
  ],
  cli: [
    ...['policy', 'policy/channels', 'runtime', 'authorize', 'authn', 'config'],
    ...['audit/audit-event.ts', 'facts/demo-facts.ts', 'database/transfer/transfer-refused.ts'],
    ...['main.ts', 'type app.ts', 'exit-codes.ts'],
    ...[
      'composition/commands/check-dependencies.ts',
      'composition/commands/live-policy.ts',
      'composition/commands/open-database.ts',
      'composition/commands/transfer.ts',
    ],
    // The doctor is a client of the Pusher server.
    ...['pusher/http-api.ts', 'type pusher/pusher-app.ts'],
  ],
};

/** Which room alone knows a package. */
const homeOf: Readonly<Record<string, readonly string[]>> = {
  fastify: ['http', 'websocket', 'rate-limit', 'app'],
  '@fastify/cors': ['http'],
  '@fastify/rate-limit': ['http', 'rate-limit'],
  ws: ['websocket', 'cli'],
  '@prisma/client': ['database'],
  '@prisma/adapter-pg': ['database'],
  pg: ['database'],
  pusher: ['pusher'],
  jose: ['authn'],
  commander: ['cli'],
  leven: ['config'],
  ioredis: ['redis'],
  pino: ['observability', 'app'],
  'prom-client': ['observability/metrics'],
  '@opentelemetry/api': ['observability/tracing'],
  '@opentelemetry/core': ['observability/tracing'],
  '@opentelemetry/exporter-trace-otlp-http': ['observability/tracing'],
  '@opentelemetry/resources': ['observability/tracing'],
  '@opentelemetry/sdk-trace-base': ['observability/tracing'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Files at the top of `src` and in `composition` know everybody; together they are the composition root. */
function roomOf(file: string): string {
  const [first = '', second = '', ...rest] = file.split('/');
  if (second === '' || first === 'composition') return 'app';
  const within = `${first}/${second}`;
  return rest.length > 0 && Object.hasOwn(mayImport, within) ? within : first;
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
  return typeOnly && (allowed.includes(`type ${target}`) || allowed.includes(`type ${to}`));
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
      { from: 'policy/x.ts', to: 'authorize/y.ts', typeOnly: true },
      { from: 'policy/x.ts', to: 'policy/channels/y.ts', typeOnly: false },
      { from: 'policy/x.ts', to: 'runtime/clock.ts', typeOnly: false },
      { from: 'policy/channels/x.ts', to: 'database/y.ts', typeOnly: false },
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
    ['the clock', /Date\.now|new Date\(\)/, ['runtime/clock.ts', 'cli/mint-token.ts']],
  ])('%s is read only where it enters', (_what, pattern, where) => {
    const readers = [...textOf].filter(([, text]) => pattern.test(text)).map(([file]) => file);
    expect(readers.filter((file) => !where.includes(file))).toEqual([]);
  });
});

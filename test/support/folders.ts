/** The purpose of a folder of `src/`, and its allowed imports. */
export interface Folder {
  readonly purpose: string;
  /** The folders and files that it may import besides itself. `type …` allows types only. */
  readonly mayImport: readonly string[];
  /** The packages that it may import. */
  readonly packages?: readonly string[];
}

/**
 * Which folder may import which, in the order in which a request uses them. A folder inside another one that has its own entry
 * is a folder of its own. Files at the top of `src` and in `composition` may import everything: the composition root.
 */
export const folders: Readonly<Record<string, Folder>> = {
  http: {
    purpose: 'the HTTP server, its routes, hooks, input and output',
    mayImport: [
      ...['policy', 'runtime', 'authorize', 'http/openapi'],
      ...['type authn', 'type facts', 'type rate-limit', 'type pusher', 'type policy-test'],
      ...['rate-limit/request-limits.ts', 'audit/audit-event.ts'],
      ...['audit/decision-filters.ts', 'audit/remedies.ts', 'audit/shadow-verdict.ts'],
      ...['pusher/webhooks/receive-webhook.ts', 'type observability/tracing'],
      ...['authn/credential.ts', 'type cli/doctor/run-checks.ts'],
      'type observability/metrics/hour-stats.ts',
    ],
    packages: ['fastify', '@fastify/cors', '@fastify/rate-limit', 'ajv'],
  },
  'http/openapi': {
    purpose: 'OpenAPI: descriptions of routes, and the document',
    mayImport: [],
  },
  websocket: {
    purpose: 'the WebSocket server, its endpoints, sessions and close codes',
    mayImport: [
      ...['policy', 'runtime', 'authorize', 'http/openapi'],
      ...['type authn', 'type rate-limit', 'type audit/audit-event.ts'],
      ...['http/fastify-path.ts', 'http/output/problem.ts'],
      ...['http/authorize-connection.ts', 'http/output/header-value.ts'],
    ],
    packages: ['fastify', 'ws'],
  },
  authorize: {
    purpose: 'the use cases: channels, batches, users, tickets, guest sessions, revocation',
    mayImport: [
      ...['policy', 'runtime', 'type audit/audit-event.ts', 'type audit/shadow-verdict.ts'],
      ...['type authn/credential.ts', 'type authn/chat-servers.ts', 'authn/guest-session.ts'],
      ...['rate-limit/grants.ts', 'type rate-limit/limits.ts'],
      ...['type pusher/dialects.ts', 'type pusher/pusher-app.ts', 'pusher/tracked-connection.ts'],
      'observability/outage-log.ts',
    ],
  },
  policy: {
    purpose: 'channel names, patterns, principals, facts as types, decisions; the policy in use',
    mayImport: ['policy/yaml', 'policy/modules', 'runtime/package-path.ts'],
  },
  'policy/cel': {
    purpose: 'expressions in CEL: the check against declared types, and the evaluation',
    mayImport: ['type policy'],
    packages: ['@marcbachmann/cel-js', 'leven'],
  },
  'policy/yaml': {
    purpose: 'policy files: YAML, its schemas, problems with their place; channels built of them',
    mayImport: [
      ...['policy', 'policy/cel', 'runtime/network/fetch-url.ts'],
      'runtime/package-path.ts',
    ],
    packages: ['ajv', 'leven', 'yaml'],
  },
  'policy/modules': {
    purpose: 'policies in TypeScript and JavaScript: `usher/policy`, and the loader',
    mayImport: [
      'policy',
      ...['policy/yaml/read-facts.ts', 'policy/yaml/read-http.ts', 'policy/yaml/validate.ts'],
      ...['policy/yaml/raw.ts', 'policy/yaml/schema-error.ts'],
      ...['runtime/clock.ts', 'type runtime/timer.ts'],
    ],
    packages: ['jiti'],
  },
  'policy-test': {
    purpose: 'tests of a policy, variations that must be refused, and trials of a policy',
    mayImport: [
      ...['policy/cel', 'policy/yaml/build-demo.ts', 'policy/yaml/report.ts'],
      ...['policy/yaml/rule-scope.ts', 'type policy/yaml', 'authorize/replay.ts'],
      ...['type audit/audit-event.ts', 'type audit/decision-filters.ts'],
      ...['policy', 'runtime/permits.ts', 'runtime/secret.ts', 'authorize/authorize-channel.ts'],
      ...['type authorize/auth-request.ts', 'authn/credential.ts', 'authn/issued-token.ts'],
      ...['facts/facts-at-sources.ts', 'facts/parse-fields.ts', 'facts/stored-fields.ts'],
      'authorize/find-facts.ts',
    ],
  },
  authn: {
    purpose: 'credential → principal, one file a kind',
    // Adapters measure themselves as spans.
    mayImport: [
      ...['policy', 'runtime', 'type application'],
      ...['observability/tracing/span.ts', 'type observability/tracing'],
    ],
    packages: ['jose'],
  },
  application: {
    purpose: 'HTTP requests to servers of the application, with a queue',
    mayImport: ['policy', 'runtime', 'observability/tracing/span.ts'],
  },
  facts: {
    purpose: 'where facts come from',
    mayImport: [
      ...['policy', 'runtime', 'database', 'application', 'type authorize'],
      ...['authorize/revocation/revocation.ts', 'observability/tracing/span.ts'],
    ],
  },
  database: {
    purpose: 'PostgreSQL: client, cache, migrations, repositories, row-level security',
    mayImport: [
      ...['type policy', 'runtime', 'type authn', 'pusher/tracked-connection.ts'],
      ...['authorize/revocation/revocation.ts', 'authorize/tickets/ticket.ts'],
      'observability/tracing/span.ts',
    ],
    packages: ['@prisma/adapter-pg', 'mysql2', 'pg'],
  },
  'rate-limit': {
    purpose: 'all limits, in memory or in Redis',
    mayImport: [
      ...['policy', 'runtime', 'type redis', 'type audit/audit-event.ts'],
      ...['http/input/auth-request.ts', 'http/output/problem.ts', 'observability/tracing/span.ts'],
    ],
    packages: ['fastify', '@fastify/rate-limit', 'lru-cache'],
  },
  redis: { purpose: 'the Redis client', mayImport: ['runtime'], packages: ['ioredis'] },
  pusher: {
    purpose: 'signatures, webhooks, termination of connections',
    mayImport: [
      ...['policy', 'runtime', 'type redis', 'type audit/audit-event.ts'],
      'observability/tracing/span.ts',
    ],
    packages: ['pusher'],
  },
  audit: {
    purpose: 'the audit log: event, queue, writer, lookup, retention',
    mayImport: [
      ...['policy', 'runtime', 'database'],
      ...['rate-limit/fixed-window.ts', 'type authorize/tickets/ticket.ts'],
      ...['observability/tracing/span.ts', 'type observability/tracing'],
    ],
  },
  observability: {
    purpose: 'logger, state of dependencies',
    mayImport: ['runtime', 'type config'],
    packages: ['pino'],
  },
  'observability/metrics': {
    purpose: 'metrics',
    mayImport: [
      ...[
        'runtime',
        'type observability',
        'type workers/peers.ts',
        'type application',
        'rate-limit/fixed-window.ts',
        'type rate-limit/limits.ts',
      ],
      ...['type audit/audit-event.ts', 'type pusher/webhooks/webhook.ts'],
      ...['type facts/facts-at-sources.ts', 'type authorize/shadow/watch-decisions.ts'],
      ...['type authorize/measure.ts', 'observability/tracing/span.ts'],
    ],
    packages: ['prom-client'],
  },
  'observability/tracing': {
    purpose: 'spans',
    mayImport: ['runtime'],
    packages: [
      ...['@opentelemetry/api', '@opentelemetry/core', '@opentelemetry/resources'],
      ...['@opentelemetry/exporter-trace-otlp-http', '@opentelemetry/sdk-trace-base'],
    ],
  },
  jobs: {
    purpose: 'background jobs: expiry, cleanup, and reloads of the policy',
    mayImport: [
      ...['runtime', 'observability/outage-log.ts', 'authorize/revocation/revoke.ts'],
      ...['type authorize', 'type pusher/tracked-connection.ts'],
    ],
  },
  config: {
    purpose: 'the settings, each declared once',
    // Usher checks a setting at the start with the parser that will use it.
    mayImport: [
      ...[
        'runtime',
        'authn/weak-secret.ts',
        'authn/jwt/token-key.ts',
        'pusher/dialects.ts',
        'pusher/pusher-app.ts',
      ],
      ...['authn/laravel/app-key.ts', 'type policy/policy.ts'],
      ...['database/mysql-url.ts', 'database/postgres-url.ts', 'redis/redis-url.ts'],
    ],
    packages: ['leven'],
  },
  cli: {
    purpose: 'the commands, and the doctor',
    mayImport: [
      ...['policy', 'policy-test', 'runtime', 'authorize', 'authn', 'config'],
      ...['type audit/shadow-report.ts', 'type audit/shadow-verdict.ts'],
      ...['audit/audit-event.ts', 'audit/remedies.ts', 'database/transfer/transfer-refused.ts'],
      ...[
        'http/fastify-path.ts',
        'type http/routes/demo/route.ts',
        'facts/demo-facts.ts',
        'policy/cel/expression.ts',
      ],
      ...['main.ts', 'type app.ts', 'exit-codes.ts'],
      ...[
        'composition/token-issuers.ts',
        'type composition/deps.ts',
        'composition/commands/check-dependencies.ts',
        'composition/commands/check-sources.ts',
        'composition/commands/check-doors.ts',
        'composition/commands/check-issuers.ts',
        'composition/commands/verify-session.ts',
        'composition/commands/live-policy.ts',
        'composition/commands/open-database.ts',
        'composition/commands/transfer.ts',
      ],
      // The doctor is a client of the Pusher server.
      ...['pusher/http-api.ts', 'pusher/dialects.ts', 'type pusher/pusher-app.ts'],
    ],
    packages: ['commander', 'ws'],
  },
  workers: {
    purpose: 'the processes of `WORKERS`: the supervisor, calls between them, what they share',
    mayImport: [
      ...['runtime', 'type rate-limit/limits.ts', 'type pusher/webhooks/deduplicate.ts'],
      ...['type authorize/open-connection.ts', 'observability/tracing/span.ts'],
    ],
  },
  runtime: {
    purpose: 'clock, timers, secrets, addresses, small data structures',
    mayImport: [],
    packages: ['lru-cache'],
  },
};

/** The folder of a file of `src/`, as the table names it. */
export function folderOf(file: string): string {
  const [first = '', second = '', ...rest] = file.split('/');
  if (second === '' || first === 'composition') return 'composition root';
  const within = `${first}/${second}`;
  return rest.length > 0 && Object.hasOwn(folders, within) ? within : first;
}

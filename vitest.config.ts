import { mergeConfig } from 'vitest/config';
import all from './vitest.all.config.ts';

/**
 * Suites that only `npm run test:all` runs: they start a process or a PostgreSQL for each test, wait for real time-outs, or
 * repeat at length what a shorter suite samples. They were half of a run.
 */
export const slow = [
  'test/audit/million-decisions.test.ts',
  'test/audit/outage.test.ts',
  'test/cli/records.test.ts',
  'test/cli/serve.test.ts',
  'test/deploy/client-tarball.test.ts',
  'test/deploy/tarball.test.ts',
  'test/docs/contributing.test.ts',
  'test/runtime/heap.test.ts',
  'test/http/slow-clients.test.ts',
  'test/database/client.test.ts',
  'test/database/application/laravel-database.test.ts',
  'test/database/application/passport-tokens.test.ts',
  'test/database/application/sanctum-tokens.test.ts',
  'test/database/embedded/embedded-postgres.test.ts',
  'test/database/migrations/migrate.test.ts',
  'test/database/row-level-security/service-role.test.ts',
  'test/facts/fact-sources.test.ts',
  'test/redis/redis-kinds.test.ts',
  'test/observability/tracing/*.test.ts',
];

export default mergeConfig(all, { test: { name: 'quick', exclude: slow } });

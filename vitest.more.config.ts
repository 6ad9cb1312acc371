import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import all from './vitest.all.config.ts';
import { slow } from './vitest.config.ts';

/** The suites that run on each PostgreSQL at hand. `npm test` has only the embedded one. */
const ofPostgres = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !/^(?:e2e|faults)\//.test(file))
  .map((file) => join('test', file))
  .filter((file) => readFileSync(file, 'utf8').includes('describePostgres('));

/** `npm run test:more`: what `npm run test:all` adds to `npm test`. */
export default defineConfig({
  test: { ...all.test, name: 'more', include: [...slow, ...ofPostgres] },
});

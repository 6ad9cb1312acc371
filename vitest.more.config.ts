import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defineConfig } from 'vitest/config';
import all from './vitest.all.config.ts';
import { slow } from './vitest.config.ts';

/** The suites of `npm test` that run on each PostgreSQL at hand: there they ran on the embedded one only. */
const ofPostgres = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.test.ts') && !/^(?:e2e|faults)\//.test(file))
  .map((file) => join('test', file))
  .filter((file) => readFileSync(file, 'utf8').includes('describePostgres('))
  .filter((file) => !slow.includes(file));

/** `npm run test:more`: what `npm run test:all` adds to `npm test`. */
export default defineConfig({
  test: {
    projects: [
      { test: { ...all.test, name: 'slow', include: slow } },
      { test: { ...all.test, name: 'outside', include: ofPostgres } },
    ],
  },
});

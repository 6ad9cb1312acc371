import { expect, it } from 'vitest';
import { maxScanned } from '../../src/audit/find-decisions.ts';
import { describePostgres } from '../support/database.ts';
import { indexes, planOf, withDecisions } from './many-decisions.ts';

const count = 1_000_000;

describePostgres('a million recorded decisions', (server) => {
  it('have pages that read a limited number of rows, by an index', async () => {
    await withDecisions(server, count, async (database) => {
      for (const [filters, index] of indexes) {
        const plan = await planOf(database, filters, count);
        const scans = plan
          .split('\n')
          .filter((line) => /(?:Index|Seq|Bitmap).* on audit_log/.test(line));
        expect([filters, plan]).toEqual([filters, expect.stringContaining(` ${index} `)]);
        const read = scans.map((line) => Number(/actual rows=([0-9.]+)/.exec(line)?.[1] ?? 0));
        // Rows of one time are sorted in groups, so a few more are read.
        expect([filters, Math.max(...read) <= maxScanned + 100]).toEqual([filters, true]);
        const [, ms] = /Execution Time: ([0-9.]+) ms/.exec(plan) ?? [];
        console.log(`${JSON.stringify(filters)}: ${ms ?? ''} ms`);
      }
    });
  }, 300_000);
});

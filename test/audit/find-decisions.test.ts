import { expect, it } from 'vitest';
import type { DecisionPageQuery } from '../../src/audit/decision-filters.ts';
import { findDecisions, maxScanned } from '../../src/audit/find-decisions.ts';
import { describePostgres } from '../support/database.ts';
import { indexes, planOf, start, stepMs, withDecisions } from './many-decisions.ts';

const count = 30_000;

describePostgres('recorded decisions', (server) => {
  it('are found by each filter, in pages without gaps or repetitions', async () => {
    await withDecisions(server, count, async (database) => {
      const all = async (query: Partial<DecisionPageQuery>) => {
        const found: string[] = [];
        let pages = 0;
        let before: DecisionPageQuery['before'];
        do {
          const page = await findDecisions(database, { filters: {}, limit: 200, ...query, before });
          found.push(...page.decisions.map(({ decision }) => decision.requestId));
          before = page.next;
          pages += 1;
        } while (before !== undefined);
        expect(new Set(found).size).toBe(found.length);
        return { found, pages };
      };
      const by = async (filters: DecisionPageQuery['filters']) => (await all({ filters })).found;
      expect(await by({ principal: 'rare' })).toEqual(['r20011', 'r10011', 'r11']);
      expect(await by({ channel: 'private-rare' })).toEqual(['r20007', 'r10007', 'r7']);
      expect(await by({ check: 'rare check' })).toEqual(['r20010', 'r10010', 'r10']);
      expect(await by({ check: 'rare check', outcome: 'grant' })).toEqual([]);
      expect(await by({ principal: 'u10', outcome: 'refusal', tenant: 't1' })).toHaveLength(
        Array.from({ length: count }, (_, n) => n).filter(
          (n) => n % 1000 === 10 && n % 10000 !== 11 && n % 3 === 1,
        ).length,
      );
      const disagreed = await all({ filters: { shadow: 'disagreed' }, limit: 7 });
      expect(disagreed.found).toHaveLength(count / 100);
      expect(disagreed.found.every((id) => id.endsWith('37'))).toBe(true);
      expect(disagreed.pages).toBe(Math.ceil((count / 100 + 1) / 7));
      expect(await by({ shadow: 'agreed', principal: 'rare' })).toEqual([
        'r20011',
        'r10011',
        'r11',
      ]);
      expect(await by({ shadow: 'no-verdict' })).toEqual([]);
      for (const none of ["' OR true --", '\0', '%', '\ud800', 'u1 ']) {
        expect(await by({ principal: none })).toEqual([]);
      }
      // Without an index a page reads a limited number of rows, and the oldest rows are found all the same.
      const old = await all({ filters: { policy: 'old' } });
      expect([old.found.length, old.pages > count / maxScanned]).toEqual([100, true]);
      expect(await by({ outcome: 'refusal' })).toHaveLength(count / 10);
      expect(await by({})).toHaveLength(count);
      const from = start + 10 * stepMs;
      const { found } = await all({ from, to: from + 3 * stepMs, limit: 2 });
      expect([...found].sort()).toEqual(['r20', 'r21', 'r22', 'r23', 'r24', 'r25']);
      // The later time comes first, and of one time the greater id.
      expect(found.slice(0, 2).sort()).toEqual(['r24', 'r25']);
    });
  });

  it('are found by the index of the filter', async () => {
    await withDecisions(server, count, async (database) => {
      for (const [filters, index] of indexes) {
        const plan = await planOf(database, filters, count);
        expect([filters, plan]).toEqual([filters, expect.stringContaining(` ${index} `)]);
        expect(plan).not.toMatch(/Seq Scan on audit_log/);
      }
    });
  });
});

import { expect, it } from 'vitest';
import { findDecision } from '../../src/audit/find-decisions.ts';
import { createShadowReport } from '../../src/audit/shadow-report.ts';
import type { RecordedShadowVerdict } from '../../src/audit/shadow-verdict.ts';
import { writeShadowVerdicts } from '../../src/audit/shadow-writer.ts';
import { describePostgres, useDatabase, withClient } from '../support/database.ts';

const start = Date.UTC(2026, 5, 1);
const idOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

const verdictOf = (n: number, changes: Partial<RecordedShadowVerdict>): RecordedShadowVerdict => ({
  decisionId: idOf(n),
  at: start + Math.floor(n / 2),
  family: 'private-b',
  policy: 'p',
  side: 'rules',
  answered: 'grant',
  watched: 'grant',
  result: 'agreed',
  ...changes,
});

describePostgres('the verdicts of shadows', (server) => {
  const at = useDatabase(server);

  it('are stored with their decisions, and counted by channel type and side', async () => {
    const verdicts = Array.from({ length: 60 }, (_, n) => {
      if (n % 4 === 1) {
        return verdictOf(n, { watched: 'refusal', result: 'disagreed', reason: 'a check' });
      }
      if (n % 4 === 2) return verdictOf(n, { answered: 'refusal', watched: 'refusal' });
      if (n % 4 === 3) {
        return verdictOf(n, { watched: undefined, result: 'no-verdict', reason: 'too late' });
      }
      if (n === 0) return verdictOf(n, { family: 'private-a', side: 'application' });
      return verdictOf(n, n === 28 || n > 40 ? { policy: 'q' } : {});
    });
    await writeShadowVerdicts(at.database, verdicts);
    const progress: number[] = [];
    const onProgress = (count: number) => progress.push(count);
    const report = createShadowReport(at.database, 25);
    expect(await report({ onProgress })).toEqual([
      {
        family: 'private-a',
        side: 'application',
        agreed: { grants: 1, refusals: 0 },
        disagreed: 0,
        disagreements: [],
        noVerdict: 0,
        policies: [{ policy: 'p', from: start }],
      },
      {
        family: 'private-b',
        side: 'rules',
        agreed: { grants: 14, refusals: 15 },
        disagreed: 15,
        noVerdict: 15,
        disagreements: [57, 53, 49, 45, 41, 37, 33, 29, 25, 21].map(idOf),
        policies: [
          { policy: 'p', from: start },
          { policy: 'q', from: start + 14 },
        ],
      },
    ]);
    expect(progress).toEqual([25, 50, 60]);
    const since = await report({ from: start + 28, onProgress: () => undefined });
    expect(since).toMatchObject([{ agreed: { grants: 1, refusals: 1 }, disagreed: 1 }]);

    await withClient(at.url, (admin) =>
      admin.query(
        `INSERT INTO audit_log (decision_id, at, action, outcome, checks, request_id, address)
         SELECT unnest($1::text[]), now(), 'subscribe', 'grant', '[]', 'r', '::1'`,
        [[idOf(1), idOf(3), idOf(99)]],
      ),
    );
    const find = (id: string) => findDecision(at.database, id);
    const answered = 'grant';
    expect((await find(idOf(1)))?.shadow).toEqual({
      side: 'rules',
      answered,
      watched: 'refusal',
      result: 'disagreed',
      reason: 'a check',
    });
    expect((await find(idOf(3)))?.shadow).toEqual({
      side: 'rules',
      answered,
      result: 'no-verdict',
      reason: 'too late',
    });
    expect(await find(idOf(99))).not.toHaveProperty('shadow');
  });
});

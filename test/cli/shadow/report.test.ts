import { describe, expect, it } from 'vitest';
import type { ShadowFamily } from '../../../src/audit/shadow-report.ts';
import { writeShadowVerdicts } from '../../../src/audit/shadow-writer.ts';
import { judgeSwitchOver } from '../../../src/cli/shadow/switch-over.ts';
import { runInProcess } from '../../support/command-line.ts';
import { describePostgres, useDatabase } from '../../support/database.ts';
import { testEnvironment } from '../../support/usher.ts';

const family: ShadowFamily = {
  family: 'private-a',
  side: 'rules' as const,
  agreed: { grants: 60, refusals: 40 },
  disagreed: 0,
  disagreements: [],
  noVerdict: 1,
  policies: [{ policy: 'p', from: 0 }],
};

describe('switching over', () => {
  it.each([
    [{}, true, 'they agreed about 60 grants and 40 refusals'],
    [{ disagreed: 1 }, false, 'they disagreed about 1 decision'],
    [{ agreed: { grants: 59, refusals: 40 } }, false, 'only 99 decisions agreed, fewer than 100'],
    [{ agreed: { grants: 0, refusals: 100 } }, false, 'every decision was a refusal'],
    [{ agreed: { grants: 100, refusals: 0 } }, false, 'every decision was a grant'],
    [{ noVerdict: 2 }, false, 'the shadow had no verdict for 2 decisions'],
  ])('after %o: %s, because %s', (changes, isSafe, because) => {
    expect(judgeSwitchOver({ ...family, ...changes }, 100)).toEqual({ isSafe, because });
  });
});

describePostgres('usher shadow report', (server) => {
  const at = useDatabase(server);
  const run = (...args: readonly string[]) =>
    runInProcess(['shadow', 'report', ...args], {
      ...testEnvironment,
      DATABASE_URL: at.url.reveal(),
    });

  it('prints the comparisons, and whether each family is safe to switch over', async () => {
    expect(await run()).toMatchObject({ code: 1, stdout: 'No decision was compared.\n' });
    const common = { family: 'private-a', policy: 'p', side: 'rules' } as const;
    const agreed = { answered: 'grant', watched: 'grant', result: 'agreed' } as const;
    const refused = { answered: 'refusal', watched: 'refusal', result: 'agreed' } as const;
    const disagreed = { answered: 'grant', watched: 'refusal', result: 'disagreed' } as const;
    await writeShadowVerdicts(at.database, [
      { ...common, ...disagreed, decisionId: 'd-1', at: Date.UTC(2026, 0, 1) },
      { ...common, ...agreed, policy: 'q', decisionId: 'd-2', at: Date.UTC(2026, 0, 2) },
      { ...common, ...refused, policy: 'q', decisionId: 'd-3', at: Date.UTC(2026, 0, 3) },
    ]);
    const all = await run('--at-least', '2');
    expect([all.code, all.stderr]).toEqual([1, '']);
    expect(all.stdout).toBe(
      [
        'private-a: the checks with `shadow` are compared',
        '  agreements    2 (1 grant, 1 refusal)',
        '  disagreements 1',
        '    d-1',
        '  no verdict    0',
        '  policies      2; only the newest: --from 2026-01-02T00:00:00.000Z',
        '  safe to switch over: no, because they disagreed about 1 decision',
        '',
      ].join('\n'),
    );
    const since = await run('--at-least', '2', '--from', '2026-01-02T00:00:00Z', '--json');
    expect(since.code).toBe(0);
    expect(JSON.parse(since.stdout)).toEqual({
      families: [
        {
          family: 'private-a',
          side: 'rules',
          agreed: { grants: 1, refusals: 1 },
          disagreed: 0,
          disagreements: [],
          noVerdict: 0,
          policies: [{ policy: 'q', from: Date.UTC(2026, 0, 2) }],
          switchOver: { isSafe: true, because: 'they agreed about 1 grant and 1 refusal' },
        },
      ],
    });
    expect(await run('--from', 'yesterday')).toMatchObject({ code: 2 });
  });
});

import { execFile, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runPolicyTests } from '../../src/policy-test/run-tests.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';

const project = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

/** The walk-through's own text. */
const page = await readFile(join(project, 'CONTRIBUTING.md'), 'utf8');
const [, diff = ''] = /^```diff\n(.*?)^```$/ms.exec(page) ?? [];
const files = ['policies/tenants/policy.yaml', 'policies/tenants/policy.test.yaml'];
const pattern = 'private-tenant.{tenantId}.delivery.{escrowId}';

/** A checkout comes from git, but an archive of the sources may be tested where there is none. */
const isGitThere = spawnSync('git', ['--version']).status === 0;

let copy: string;

async function applyWalkThrough(): Promise<void> {
  copy = await mkdtemp(join(tmpdir(), 'usher-contributing-'));
  // No repository around it: otherwise git would resolve these paths in that repository and apply nothing.
  const env = { PATH: process.env['PATH'], GIT_CEILING_DIRECTORIES: tmpdir() };
  const git = (...args: readonly string[]) => run('git', args, { cwd: copy, env });
  await cp(join(project, 'policies'), join(copy, 'policies'), { recursive: true });
  const file = join(copy, 'walk-through.diff');
  await writeFile(file, diff);
  // A reader who tried the walk-through in this checkout has applied it already.
  const applied = await git('apply', '--reverse', '--check', file).catch(() => false);
  if (applied === false) await git('apply', '--whitespace=error-all', file);
}

describe.skipIf(!isGitThere)('the channel of CONTRIBUTING.md', () => {
  beforeAll(applyWalkThrough);
  afterAll(() => rm(copy, { recursive: true, force: true }));

  const tenants = () => join(copy, 'policies/tenants');

  it('takes fewer than 40 lines, including the tests', () => {
    const changed = diff.split('\n').filter((line) => /^[+-](?!-- |\+\+ )/.test(line));
    expect(changed.length).toBeGreaterThan(15);
    expect(changed.length).toBeLessThan(40);
    for (const file of files) expect(diff).toContain(`+++ b/${file}`);
  });

  it('loads, and not with a misspelt parameter', async () => {
    const policy = await loadPolicy([tenants()]);
    const patterns = policy.channels.channelTypes.map((each) => each.pattern.text);
    expect(patterns).toContain(pattern);
    const misspelt = join(copy, 'misspelt.yaml');
    const text = await readFile(join(tenants(), 'policy.yaml'), 'utf8');
    await writeFile(misspelt, text.replace(pattern, pattern.replace('escrowId', 'escrow')));
    const line = text.slice(0, text.indexOf('params:', text.indexOf(pattern))).split('\n').length;
    await expect(loadPolicy([misspelt])).rejects.toMatchObject({
      problems: expect.arrayContaining([
        expect.stringMatching(
          `misspelt.yaml:${line}:\\d+: escrowId is not a parameter of the pattern; the nearest is escrow`,
        ),
      ]) as unknown,
    });
  });

  it('passes its tests, which fail without the rule for couriers', async () => {
    const failed = async () => {
      const policy = await loadPolicy([tenants()]);
      const { results } = await runPolicyTests(policy, () => 0);
      expect(results.some(({ title }) => title.includes('.delivery.'))).toBe(true);
      return results.filter(({ problems }) => problems.length > 0).map(({ title }) => title);
    };
    expect(await failed()).toEqual([]);
    const file = join(tenants(), 'policy.yaml');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace("|| 'courier' in user.roles", ''));
    expect((await failed()).join('\n')).toContain('courier');
    await writeFile(file, text);
  });

  it('is formatted like other policies', async () => {
    const prettier = join(project, 'node_modules/prettier/bin/prettier.cjs');
    const rules = ['--config', join(project, '.prettierrc.json')];
    await run(process.execPath, [prettier, '--check', ...rules, ...files], { cwd: copy });
  });
});

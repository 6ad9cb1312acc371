import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { factsIn } from '../../src/cli/policy-test/policy-file.ts';
import { runInProcess } from '../support/command-line.ts';

const example = fileURLToPath(new URL('../../examples/policy.json', import.meta.url));

/** Runs the example with its text changed. */
async function runChanged(change: (text: string) => string) {
  const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
  onTestFinished(() => rm(directory, { recursive: true }));
  const path = join(directory, 'policy.json');
  await writeFile(path, change(await readFile(example, 'utf8')));
  return runInProcess(['policy-test', path]);
}

describe('policy-test', () => {
  it('finds nothing wrong with the example, and asked more than its rows', async () => {
    const { code, stdout, stderr } = await runInProcess(['policy-test', example]);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('✗');
    expect(stdout).toMatch(/✓ buyer may enter private-tenant\.1\.user\.15 \(and \d+ variations\)/);
  });

  it('tells of a row that is refused, and of one that is granted', async () => {
    const closed = await runChanged((text) => text.replace('"open"', '"cancelled"'));
    expect(closed.code).toBe(1);
    expect(closed.stdout).toMatch(/✗ guest may enter .*\n {4}is refused\n?/);
    const disputed = await runChanged((text) => text.replace('FUNDED', 'DISPUTED'));
    expect(disputed.code).toBe(1);
    expect(disputed.stdout).toMatch(/✗ admin may not enter .*\n {4}is granted\n/);
  });

  it('tells of what a row lets in besides', async () => {
    const { code, stdout } = await runChanged((text) => text.replace('"other user"', ''));
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ buyer may enter .*announcements.*\n {4}granted too: other user\n/);
  });

  it('tells of a variation that was to be granted and is not, and of one that there is not', async () => {
    const narrower = await runChanged((text) => text.replace('other user', 'expired credential'));
    expect(narrower.stdout).toContain('refused too: expired credential');
    const misspelt = await runChanged((text) => text.replace('other user', 'other usr'));
    expect(misspelt.stdout).toContain('there is no variation "other usr"');
  });

  it('finds an order of the file, and no other', async () => {
    const facts = { orders: { '99': { owner_id: '15' } } };
    const find = factsIn({ who: {}, facts, rows: [] });
    expect(await find.order('99')).toEqual({ orderId: '99', ownerId: '15' });
    expect(await find.order('98')).toBeUndefined();
  });

  it('refuses what is no policy file', async () => {
    for (const change of [
      () => 'no JSON',
      () => '{}',
      () => 'null',
      (text: string) => text.replace('"rows": [', '"rows": [null,'),
      (text: string) => text.replace('"who": "buyer"', '"who": "nobody"'),
    ]) {
      const { code, stdout, stderr } = await runChanged(change);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(
        /policy\.json(?: is not JSON: .+| needs an object "who" .*|: row 1 needs .*)\n$/,
      );
    }
  });

  it.each([
    ['no JSON', 'line 1, column 2'],
    ['', 'line 1, column 1'],
    ['{"who": {},\n "rows": [1,]}', 'line 2, column 13'],
    ['{"who": {},\n "rows": [1],}', 'line 2, column 14'],
    ['{"who": {}\n "rows": [1]}', 'line 2, column 2'],
    ['// a comment\n{}', 'line 1, column 1'],
    ['{"who": "secret\n"}', 'line 1, column 16'],
    ["{'who': 1}", 'line 1, column 2'],
    ['{"who": {}, "rows": [', 'line 1, column 22'],
    ['{"who": 1.', 'line 1, column 11'],
    ['TOKEN=secret', 'line 1, column 1'],
    [`{"who": secret${' '.repeat(5_000)}}`, 'line 1, column 9'],
  ])('says where a file stops being JSON, and quotes nothing of it: %j', async (text, place) => {
    const { code, stdout, stderr } = await runChanged(() => text);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr.slice(stderr.indexOf('policy.json'))).toBe(
      `policy.json is not JSON: see ${place}\n`,
    );
  });

  it.each([
    ['/nonexistent', '/nonexistent cannot be read: there is no such file or directory\n'],
    [tmpdir(), `${tmpdir()} cannot be read: it is a directory\n`],
  ])('says which file cannot be read, and why: %s', async (path, sentence) => {
    const { code, stdout, stderr } = await runInProcess(['policy-test', path]);
    expect([code, stdout, stderr]).toEqual([1, '', sentence]);
  });
});

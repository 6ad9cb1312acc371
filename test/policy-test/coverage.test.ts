import { describe, expect, it } from 'vitest';
import { runPolicyTests } from '../../src/policy-test/run-tests.ts';
import { loadPolicyFiles } from '../support/load-policy-files.ts';

const tests = `
principals: { ada: { kind: user, id: '1' } }
expect:
  - { who: ada, channel: private-news, grant: true, also_granted: [other user] }
`;
const yaml = (rule: string) => ({
  'p.yaml': `channels:\n  private-news: { allow: { user: { user is signed in: ${rule} } } }\n`,
  'p.test.yaml': tests,
});
const ofTenant = {
  'p.yaml': `channels:
  private-news-{t}: { params: { t: id }, tenant: t, allow: { user: { user is signed in: 'true' } } }
`,
  'p.test.yaml': `principals: { ada: { kind: user, id: '1', tenant: '1' } }
expect:
  - { who: ada, channel: private-news-1, grant: true, also_granted: [other user] }
`,
};
const module = (rule: string) => ({
  'p.ts': `import { check, defineChannel } from 'usher/policy';
export const news = defineChannel('private-news', {
  about: 'every user',
  allow: { user: ${rule} },
});
`,
  'p.test.yaml': tests,
});
const uncovered = async (files: Readonly<Record<string, string>>) => {
  const run = await runPolicyTests(await loadPolicyFiles(files), () => 0);
  expect(run.results.flatMap(({ problems }) => problems)).toEqual([]);
  return run.uncovered;
};
const unrefused = [{ pattern: 'private-news', kind: 'user', check: 'user is signed in' }];

describe('coverage', () => {
  it.each([
    ['YAML', yaml("'true'")],
    ['YAML with spaces', yaml("' true '")],
    ['a module', module("() => [check('user is signed in', true)]")],
  ])('needs no refusal by a check that refuses nobody, in %s', async (_case, files) => {
    expect(await uncovered(files)).toEqual([]);
  });

  it('needs a refusal by a channel of a tenant, which users of other tenants must not enter', async () => {
    expect(await uncovered(ofTenant)).toEqual([{ ...unrefused[0], pattern: 'private-news-{t}' }]);
  });

  it.each([
    ['YAML', yaml('"user.id != \'\'"')],
    ['a module', module("({ user }) => [check('user is signed in', user.id !== '')]")],
  ])('needs a refusal by any other check, in %s', async (_case, files) => {
    expect(await uncovered(files)).toEqual(unrefused);
  });
});

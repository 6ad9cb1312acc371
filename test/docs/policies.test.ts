import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { runPolicyTests } from '../../src/policy-test/run-tests.ts';
import { loadPolicy } from '../../src/policy/load-policy.ts';
import { loadPolicyFiles, loadPolicyText } from '../support/load-policy-files.ts';

const pathOf = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const page = await readFile(pathOf('docs/policies.md'), 'utf8');

describe('docs/facts-by-sql.md', () => {
  const load = async (language: 'yaml' | 'ts') => {
    const text = await readFile(pathOf('docs/facts-by-sql.md'), 'utf8');
    const [, block = ''] = new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(text) ?? [];
    return loadPolicyFiles({ [`policy.${language}`]: block });
  };

  it.each(['yaml', 'ts'] as const)('contains a policy that loads (%s)', async (language) => {
    const { factKinds, sources } = await load(language);
    expect(sources.get('shop')?.url).toEqual({ env: 'SHOP_DATABASE_URL' });
    expect(factKinds.get('membership')?.from).toMatchObject({
      query: { mysql: { uses: [{}, {}] } },
    });
  });
});

describe('docs/policies.md', () => {
  it.each(['examples/parcels/policy.yaml', 'examples/parcels/policy.test.yaml'])(
    'contains the text of %s',
    async (file) => {
      const [, printed] = page.split(`<!-- ${file} -->\n\n\`\`\`yaml\n`);
      expect(printed?.split('```\n')[0]).toBe(await readFile(pathOf(file), 'utf8'));
    },
  );

  it('contains an example whose tests pass, and cover each check', async () => {
    const policy = await loadPolicy([pathOf('examples/parcels')]);
    const { results, uncovered } = await runPolicyTests(policy, () => 0);
    expect(results.length).toBeGreaterThan(5);
    expect(results.filter(({ problems }) => problems.length > 0)).toEqual([]);
    expect(uncovered).toEqual([]);
    const variations = results.reduce((sum, each) => sum + each.variations, 0);
    expect(page).toContain(
      `parcels/policy.test.yaml: ${results.length} cases and ${variations} variations of them`,
    );
    expect(page).toContain(`The policy ${policy.hash} is correct`);
  });

  const blocks = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, block = '']) => block);
  const policies = blocks.filter((block) => !block.includes('\nexpect:'));

  it.each(policies)('contains a policy that loads: %#', async (text) => {
    const { channels } = await loadPolicyText(text);
    expect(channels.channelTypes.length).toBeGreaterThan(0);
  });

  it('contains several policies', () => {
    expect(policies.length).toBeGreaterThan(3);
  });
});

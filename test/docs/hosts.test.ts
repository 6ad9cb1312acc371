import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadPolicy } from '../../src/policy/load-policy.ts';

const pages = ['docs/facts-by-http.md', 'docs/asking-the-application.md', 'docs/shadow-mode.md'];

describe.each(pages)('%s', (name) => {
  it('has policies that load', async () => {
    const page = await readFile(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');
    const blocks = [...page.matchAll(/^```yaml policy\.yaml\n(.*?)^```$/gms)];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, text = ''] of blocks) {
      const directory = await mkdtemp(join(tmpdir(), 'usher-page-'));
      onTestFinished(() => rm(directory, { recursive: true }));
      await writeFile(join(directory, 'policy.yaml'), text);
      const { channels } = await loadPolicy([directory]);
      expect(channels.channelTypes.length).toBeGreaterThan(0);
    }
  });
});

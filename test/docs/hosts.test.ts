import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { loadPolicyText } from '../support/load-policy-files.ts';

const pages = [
  'docs/facts-by-http.md',
  'docs/issuers.md',
  'docs/asking-the-application.md',
  'docs/shadow-mode.md',
  'docs/moving-from-laravel.md',
];

describe.each(pages)('%s', (name) => {
  it('contains policies that load', async () => {
    const page = await readFile(fileURLToPath(new URL(`../../${name}`, import.meta.url)), 'utf8');
    const blocks = [...page.matchAll(/^ *```yaml policy\.yaml\n(.*?)^ *```$/gms)];
    expect(blocks.length).toBeGreaterThan(0);
    for (const [, text = ''] of blocks) {
      const { channels } = await loadPolicyText(text);
      expect(channels.channelTypes.length).toBeGreaterThan(0);
    }
  });
});

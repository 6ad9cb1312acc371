import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Page } from 'playwright-core';

const script = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Finding {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string }[];
}

/** Returns the serious and critical findings of axe-core on a page: the rule, and the elements. */
export async function accessibilityFindings(page: Page): Promise<readonly string[]> {
  // Evaluated by the browser's tool, so the page's Content-Security-Policy does not matter.
  const violations = await page.evaluate<readonly Finding[]>(
    `${script};axe.run().then(({ violations }) => violations)`,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(', ')}`);
}

import type { ServerResponse } from 'node:http';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityFindings } from './support/accessibility.ts';
import { hasChromium, openBrowserPage, startChromium } from './support/chromium.ts';
import { askAsDemo, type DemoDecision } from './support/demo-decisions.ts';
import { startProxy } from './support/proxy.ts';
import { startUsher, type Usher } from './support/usher.ts';

const markup = '<img src=x onerror=alert(1)>';
const guestChannel = 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';

describe.runIf(hasChromium())('the operator’s page', () => {
  let usher: Usher;
  let browser: Browser;
  let page: Page;
  let decisions: readonly DemoDecision[];

  beforeAll(async () => {
    usher = await startUsher({ NODE_ENV: 'development', RATE_LIMIT_FAILURES: '10000' });
    decisions = await askAsDemo(usher.publicUrl, markup);
    browser = await startChromium();
    page = await openBrowserPage(browser, `${usher.operatorUrl}/`);
  });

  afterAll(async () => {
    await browser.close();
    await usher.stop();
  });

  const open = async (hash: string) => {
    await page.goto(`${usher.operatorUrl}/${hash}`);
    await expect.poll(() => page.locator('main h1').count()).toBe(1);
  };
  const rows = () => page.locator('tbody tr');
  const neighbour = () =>
    decisions.find(({ who, channel }) => who === 'neighbour' && channel === guestChannel)!;

  describe('decisions', () => {
    it('lists decisions, and finds those of a filter', async () => {
      await open('#decisions');
      await expect.poll(() => rows().count()).toBe(decisions.length);
      await page.getByLabel('Outcome').selectOption('Refused');
      await page.getByLabel('Channel', { exact: true }).fill(guestChannel);
      await page.getByRole('button', { name: 'Search' }).click();
      const refused = decisions.filter(
        ({ channel, status }) => channel === guestChannel && status === 403,
      );
      await expect.poll(() => rows().count()).toBe(refused.length);
      expect(await page.getByLabel('Outcome').inputValue()).toBe('refusal');
    });

    it('follows new decisions, and keeps at most 200 rows', async () => {
      await open('#decisions?outcome=grant');
      await page.getByLabel('Follow new decisions').check();
      await expect.poll(() => page.getByRole('status').textContent()).toContain('Following');
      const before = await rows().count();
      const made = await askAsDemo(usher.publicUrl, markup);
      const granted = made.filter(({ status }) => status === 200).length;
      await expect.poll(() => rows().count()).toBe(before + granted);
      for (let count = 0; count < 250; count += granted) await askAsDemo(usher.publicUrl, markup);
      const newest = (await askAsDemo(usher.publicUrl, markup)).find(
        ({ status }) => status === 200,
      );
      await expect.poll(() => page.locator(`tr[data-id="${newest!.id}"]`).count()).toBe(1);
      expect(await rows().count()).toBe(200);
    });

    it('reads what it missed after the stream was interrupted', async () => {
      let isDown = false;
      const streams: ServerResponse[] = [];
      const proxy = await startProxy(usher.operatorUrl, {
        instead: ({ url = '' }, response) => {
          if (url.startsWith('/decisions/stream')) streams.push(response);
          if (isDown) response.destroy();
          return isDown;
        },
      });
      await page.goto(`${proxy.url}/#decisions`);
      await page.getByLabel('Follow new decisions').check();
      await expect.poll(() => page.getByRole('status').textContent()).toContain('Following');
      const [first] = await askAsDemo(usher.publicUrl, markup);
      await expect.poll(() => page.locator(`tr[data-id="${first!.id}"]`).count()).toBe(1);
      isDown = true;
      for (const stream of streams) stream.destroy();
      await expect.poll(() => page.getByRole('status').textContent()).toContain('interrupted');
      const [missed] = await askAsDemo(usher.publicUrl, markup);
      isDown = false;
      await expect.poll(() => page.locator(`tr[data-id="${missed!.id}"]`).count()).toBe(1);
      await proxy.stop();
    });
  });

  describe('one decision', () => {
    it('shows the first failed check, all checks, the remedy and the hash of the policy', async () => {
      await open('#decisions');
      await page.getByLabel('Decision id').fill(neighbour().id);
      await page.getByRole('button', { name: 'Show' }).click();
      const main = page.getByRole('main');
      await expect.poll(() => main.textContent()).toContain('refused: booking-mismatch');
      expect(await main.textContent()).toContain(
        'The first failed check: token is for this booking',
      );
      expect(await main.textContent()).toContain('Remedy: ');
      expect(await main.textContent()).toMatch(/[0-9a-f]{16} \(in use\)/);
      expect(await page.locator('.checks li').count()).toBeGreaterThan(3);
      expect(await page.locator('.checks .refusal').first().textContent()).toContain(
        'failed token is for this booking (the first that failed)',
      );
    });

    it('shows text of a visitor as text', async () => {
      expect(await page.locator('dl').textContent()).toContain(markup);
      expect(await page.locator('main img').count()).toBe(0);
    });

    it('says that there is no such decision', async () => {
      await open('#decision/00000000-0000-4000-8000-000000000000');
      const alert = page.getByRole('alert');
      await expect.poll(() => alert.textContent()).toContain('404: There is no such decision');
    });
  });

  const views = { decisions: () => '#decisions', decision: () => `#decision/${neighbour().id}` };

  describe.each(['light', 'dark'] as const)('in the %s theme', (colorScheme) => {
    it.each(Object.entries(views))(
      '%s has no serious finding of axe-core and fits into 360 pixels',
      async (_name, hash) => {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width: 360, height: 700 });
        await open(hash());
        await expect.poll(() => page.locator('main table, main dl').count()).toBeGreaterThan(0);
        expect(await accessibilityFindings(page)).toEqual([]);
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect(width).toBeLessThanOrEqual(360);
        await page.setViewportSize({ width: 1200, height: 900 });
        expect(await accessibilityFindings(page)).toEqual([]);
      },
    );
  });
});

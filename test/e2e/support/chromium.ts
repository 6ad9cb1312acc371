import { spawnSync } from 'node:child_process';
import { chromium as playwright, type Browser, type Page } from 'playwright-core';
import { reportSkipped } from '../../support/skipped.ts';

const executable = spawnSync('which', ['chromium'], { encoding: 'utf8' }).stdout.trim();

/** Whether Chromium can run here; prints a message if it cannot. */
export function hasChromium(): boolean {
  if (executable !== '') return true;
  reportSkipped(
    'chromium',
    'pages in Chromium (no `chromium`; on Debian: apt-get install chromium)',
  );
  return false;
}

const flags = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** Starts a headless Chromium. */
export function startChromium(): Promise<Browser> {
  return playwright.launch({ executablePath: executable, headless: true, args: flags });
}

/** Opens a page, and throws each error of its scripts. */
export async function openBrowserPage(browser: Browser, url: string): Promise<Page> {
  const context = await browser.newContext();
  const page = await context.newPage();
  page.on('pageerror', (error) => {
    throw error;
  });
  await page.goto(url);
  return page;
}

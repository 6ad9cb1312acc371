import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasChromium, openBrowserPage, startChromium } from './support/chromium.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';

/** The picture in the README. Written by `PICTURES=1 npm run test:e2e -- demo`. */
const picture = 'docs/pictures/demo.jpg';

describe.runIf(hasChromium())('the page of the demo', () => {
  let deployment: Deployment;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    deployment = await startDeployment({ NODE_ENV: 'development' });
    browser = await startChromium();
    page = await openBrowserPage(browser, `${deployment.usher.publicUrl}/demo`);
  });

  afterAll(async () => {
    await browser.close();
    expect(await deployment.stop()).toEqual([]);
  });

  const person = (who: string) =>
    page.locator('.person', { has: page.getByRole('heading', { name: who, exact: true }) });
  const channel = (who: string, name: string) =>
    person(who).locator('.channels li', { hasText: name });
  const guestChannel = 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';
  const escrow = 'presence-tenant.1.escrow.42.chat';

  it('shows grants, and the reasons of refusals', async () => {
    await expect.poll(() => channel('guest', guestChannel).textContent()).toContain('entered');
    const refused = channel('neighbour', guestChannel);
    await expect.poll(() => refused.textContent()).toContain('refused (403)');
    await expect
      .poll(() => refused.textContent())
      .toContain('failed check: token is for this booking');
    await expect.poll(() => channel('buyer', guestChannel).textContent()).toContain('failed check');
  });

  it('shows the members of a presence channel, and a message as text', async () => {
    await expect.poll(() => channel('buyer', escrow).textContent()).toContain('here: 15, 16');
    if (process.env['PICTURES'] !== undefined) {
      await page.setViewportSize({ width: 1200, height: 800 });
      await page.screenshot({ path: picture, type: 'jpeg', quality: 60 });
    }
    await person('buyer').getByLabel('Message').fill('<b>Hello</b>');
    await person('buyer').getByRole('button', { name: 'Send' }).click();
    const events = person('seller').locator('.events');
    await expect.poll(() => events.textContent()).toContain('buyer: “<b>Hello</b>” in ');
    expect(await page.locator('.events b').count()).toBe(0);
  });

  it('recovers after its token has expired', async () => {
    const events = person('buyer').locator('.events');
    await person('buyer').getByRole('button', { name: 'Use a token' }).click();
    await expect
      .poll(() => events.textContent(), { timeout: 60_000 })
      .toMatch(/gets a fresh token/);
    await expect
      .poll(() => channel('buyer', escrow).textContent(), { timeout: 60_000 })
      .toContain('here: 15, 16');
    await expect.poll(() => person('buyer').locator('.connection').textContent()).toBe('connected');
  });

  it('prints what to start if there is no Pusher server', async () => {
    await deployment.soketi.stop();
    const warning = page.getByRole('alert');
    await expect.poll(() => warning.textContent(), { timeout: 60_000 }).toContain('npm run demo');
  });
});

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityFindings } from './support/accessibility.ts';
import { hasChromium, openBrowserPage, startChromium } from './support/chromium.ts';
import { requestAsDemo, type DemoDecision } from './support/demo-decisions.ts';
import { startProxy } from './support/proxy.ts';
import { startUsher, type Usher } from './support/usher.ts';

/** The picture in the README. Written by `PICTURES=1 npm run test:e2e -- operator-page`. */
const picture = 'docs/pictures/operator.jpg';
const markup = '<img src=x onerror=alert(1)>';
const guestChannel = 'private-hotel-grand-hotel-guest-chat-booking-BK-2025-ABC123';

describe.runIf(hasChromium())('the operator’s page', () => {
  let usher: Usher;
  let browser: Browser;
  let page: Page;
  let decisions: readonly DemoDecision[];

  beforeAll(async () => {
    usher = await startUsher({ NODE_ENV: 'development', RATE_LIMIT_FAILURES: '10000' });
    decisions = await requestAsDemo(usher.publicUrl, markup);
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

    it('follows new decisions of a filter', async () => {
      await open('#decisions?outcome=grant');
      await page.getByLabel('Follow new decisions').check();
      await expect.poll(() => page.getByRole('status').textContent()).toContain('Following');
      const before = await rows().count();
      const made = await requestAsDemo(usher.publicUrl, markup);
      const granted = made.filter(({ status }) => status === 200).length;
      await expect.poll(() => rows().count()).toBe(before + granted);
    });

    it('keeps at most 200 rows', { timeout: 120_000 }, async () => {
      await open('#decisions');
      await page.getByLabel('Follow new decisions').check();
      await expect.poll(() => page.getByRole('status').textContent()).toContain('Following');
      const rounds = Math.ceil(250 / decisions.length);
      await Promise.all(
        Array.from({ length: rounds }, () => requestAsDemo(usher.publicUrl, markup)),
      );
      const newest = (await requestAsDemo(usher.publicUrl, markup)).at(-1)!;
      await expect.poll(() => page.locator(`tr[data-id="${newest.id}"]`).count()).toBe(1);
      expect(await rows().count()).toBe(200);
    });

    it('loads missed decisions after the stream was interrupted', async () => {
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
      const [first] = await requestAsDemo(usher.publicUrl, markup);
      await expect.poll(() => page.locator(`tr[data-id="${first!.id}"]`).count()).toBe(1);
      isDown = true;
      for (const stream of streams) stream.destroy();
      await expect.poll(() => page.getByRole('status').textContent()).toContain('interrupted');
      const [missed] = await requestAsDemo(usher.publicUrl, markup);
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
      if (process.env['PICTURES'] !== undefined) {
        await page.setViewportSize({ width: 1000, height: 640 });
        await page.screenshot({ path: picture, type: 'jpeg', quality: 60 });
      }
    });

    it('shows text of a visitor as text', async () => {
      expect(await page.locator('dl').textContent()).toContain(markup);
      expect(await page.locator('main img').count()).toBe(0);
    });

    it('reports that the decision does not exist', async () => {
      await open('#decision/00000000-0000-4000-8000-000000000000');
      const alert = page.getByRole('alert');
      await expect.poll(() => alert.textContent()).toContain('404: There is no such decision');
    });
  });

  describe('explain', () => {
    it('shows the checks of a decision that would be made now, for a token', async () => {
      const { token } = neighbour();
      await open(`#explain?channel=${guestChannel}`);
      await page.getByLabel('Token').fill(token);
      await page.getByRole('button', { name: 'Explain' }).click();
      const result = page.getByRole('status');
      await expect.poll(() => result.textContent()).toContain('refused: booking-mismatch');
      expect(await page.locator('.checks .refusal').first().textContent()).toContain(
        'token is for this booking (the first that failed)',
      );
      await page.getByRole('link', { name: 'Channels' }).click();
      expect(
        await page.evaluate('JSON.stringify([localStorage, sessionStorage, location.href])'),
      ).not.toContain(token);
    });

    it('explains for a principal without a token', async () => {
      await open('#explain?channel=private-tenant.1.user.15&tenant=1');
      await page.getByLabel('Id', { exact: true }).fill('15');
      await page.getByRole('button', { name: 'Explain' }).click();
      await expect.poll(() => page.getByRole('status').textContent()).toContain('granted');
    });
  });

  describe('try', () => {
    const section = (name: string) =>
      page.locator('form', { has: page.getByRole('button', { name, exact: true }) });
    const resultOf = (name: string) => section(name).locator('+ [role=status]');

    it('evaluates an expression, and marks a mistake at its place', async () => {
      await open('#try?channel=private-tenant.1.user.15');
      const form = section('Evaluate');
      await form.getByLabel('Kind').fill('user');
      await form.getByLabel('Id', { exact: true }).fill('15');
      await form.getByRole('button').click();
      await expect.poll(() => resultOf('Evaluate').textContent()).toContain('true (bool)');
      await form.getByLabel('Expression').fill('user.id ==\n  params.userld');
      await form.getByRole('button').click();
      await expect
        .poll(() => resultOf('Evaluate').textContent())
        .toContain('Line 2, column 10: unknown field userld; did you mean userId?');
      expect(await resultOf('Evaluate').locator('pre').first().textContent()).toBe(
        '  params.userld\n         ^',
      );
    });

    it('evaluates for a recorded decision, and reports text that is not JSON', async () => {
      await open(`#try?decision=${neighbour().id}`);
      const form = section('Evaluate');
      await form.getByLabel('Expression').fill("guest.id != ''");
      await form.getByRole('button').click();
      await expect.poll(() => resultOf('Evaluate').textContent()).toContain('true (bool)');
      await form.locator('summary').click();
      await form.getByLabel('Facts').fill('{');
      await form.getByRole('button').click();
      await expect
        .poll(() => page.getByRole('alert').textContent())
        .toContain('Facts: this is not JSON');
    });

    it('runs the tests of a policy, and lists the decisions that it would change', async () => {
      await open('#try');
      const policy = readFileSync('policies/tenants/policy.yaml', 'utf8');
      await page.getByLabel('Files').setInputFiles([
        { name: 'policy.yaml', mimeType: 'text/yaml', buffer: Buffer.from(policy) },
        {
          name: 'policy.test.yaml',
          mimeType: 'text/yaml',
          buffer: readFileSync('policies/tenants/policy.test.yaml'),
        },
      ]);
      await section('Try').getByRole('button', { name: 'Try', exact: true }).click();
      const result = resultOf('Try');
      await expect.poll(() => result.textContent()).toContain('decisions would change');
      expect(await result.textContent()).toMatch(/Failed0/);
      // The guests' channel is in no file of this policy.
      expect(await result.locator('tbody').textContent()).toContain('refused unknown-channel');
      await result.locator('tbody a').first().click();
      await expect.poll(() => page.locator('main h1').textContent()).toBe('Decision');
    });

    it('shows the problems of a policy as text', async () => {
      await open('#try');
      await page.getByLabel('policy.yaml').fill(`version: 1\nchannels: { '${markup}': {} }`);
      await section('Try').getByRole('button', { name: 'Try', exact: true }).click();
      const result = resultOf('Try');
      await expect.poll(() => result.textContent()).toContain('The policy cannot be loaded');
      expect(await result.textContent()).toContain(markup);
      expect(await page.locator('main img').count()).toBe(0);
    });
  });

  it('shows the channels of the policy, with their checks', async () => {
    await open('#channels');
    const section = page.locator('section', { hasText: 'private-tenant.{tenantId}.user.{userId}' });
    await section.locator('summary').click();
    await expect.poll(() => section.textContent()).toContain('channel is the user’s own');
    expect(await section.textContent()).toMatch(/Last hour: \d+ granted, \d+ refused/);
  });

  it('shows the last hour as charts, and its refusals by check', async () => {
    await open('#overview');
    await expect.poll(() => page.locator('svg rect.grant').count()).toBeGreaterThan(0);
    expect(await page.locator('svg rect.refusal').count()).toBeGreaterThan(0);
    expect(await page.locator('svg path[d^=M]').count()).toBe(3);
    const check = page.getByRole('link', { name: 'token is for this booking' });
    await expect.poll(() => check.count()).toBe(1);
  });

  it('shows the open WebSockets and the tracked connections', async () => {
    await open('#connections');
    const main = page.getByRole('main');
    await expect.poll(() => main.textContent()).toContain('Open WebSockets of this replica');
    expect(await main.textContent()).toMatch(/Tracked.*0 of 0 are shown/);
  });

  it('checks the installation', async () => {
    await open('#doctor');
    await page.getByRole('button', { name: 'Run the checks' }).click();
    const result = page.locator('main [role=status]');
    await expect.poll(() => result.textContent()).toMatch(/^0 of \d+ checks failed/);
    expect(await result.textContent()).toContain('passed the running Usher uses this policy');
    expect(await result.textContent()).toContain('the demo has no Pusher server');
  });

  it('revokes only if changes are allowed, and shows which connections remain', async () => {
    await open('#revoke?user_id=77&tenant_id=1');
    const revoke = page.getByRole('button', { name: 'Revoke' });
    await expect.poll(() => revoke.isDisabled()).toBe(true);
    await page.getByLabel('Allow changes').check();
    await revoke.click();
    const result = page.locator('main [role=status]');
    await expect.poll(() => result.textContent()).toContain('Revoked: user_id 77, tenant_id 1');
    expect(await result.textContent()).toContain('Every replica refuses new authorizations.');
    expect(await result.textContent()).toContain('Connections stay open at pusher: not signed in.');
  });

  it('supports the keyboard: skips the navigation, and moves the focus to the heading of a view', async () => {
    await open('#decisions');
    await page.locator('.skip').press('Enter');
    expect(await page.evaluate('document.activeElement.id')).toBe('main');
    await page.getByRole('link', { name: 'Channels', exact: true }).press('Enter');
    await expect.poll(() => page.evaluate('document.activeElement.textContent')).toBe('Channels');
  });

  it('cannot be read by a page of another origin, which cannot post either', async () => {
    const site = createServer((_request, response) => {
      response.setHeader('content-type', 'text/html').end('<!doctype html>');
    }).listen(0, '127.0.0.1');
    await once(site, 'listening');
    const { port } = site.address() as AddressInfo;
    const other = await openBrowserPage(browser, `http://127.0.0.1:${port}/`);
    const statuses: string[] = [];
    other.on('response', (response) => {
      statuses.push(`${response.request().method()} ${response.status()}`);
    });
    const seen = await other.evaluate(async (operator) => {
      const attempt = (path: string, options: RequestInit) =>
        fetch(operator + path, options).then(
          ({ type }) => type,
          () => 'blocked',
        );
      const revocation = { method: 'POST', body: '{"user_id":"78"}' };
      return [
        await attempt('/decisions', {}),
        await attempt('/decisions', { mode: 'no-cors' }),
        await attempt('/revocations', { ...revocation, mode: 'no-cors' }),
      ];
    }, usher.operatorUrl);
    // `opaque`: the page learns nothing of the response.
    expect(seen).toEqual(['blocked', 'opaque', 'opaque']);
    expect(statuses).toContain('POST 403');
    await other.setContent(
      `<a href="${usher.operatorUrl}/" target="_blank" rel="opener">Usher</a>`,
    );
    const [opened] = await Promise.all([
      other.context().waitForEvent('page'),
      other.getByRole('link').click(),
    ]);
    await expect.poll(() => opened.locator('main h1').textContent()).toBe('Decisions');
    expect(await opened.evaluate('window.opener')).toBeNull();
    await other.context().close();
    site.close();
  });

  const views = {
    explain: () => '#explain',
    try: () => '#try',
    channels: () => '#channels',
    connections: () => '#connections',
    overview: () => '#overview',
    doctor: () => '#doctor',
    revoke: () => '#revoke',
    decisions: () => '#decisions',
    decision: () => `#decision/${neighbour().id}`,
  };

  describe.each(['light', 'dark'] as const)('in the %s theme', (colorScheme) => {
    it.each(Object.entries(views))(
      '%s has no serious finding of axe-core and fits into 360 pixels',
      async (_name, hash) => {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width: 360, height: 700 });
        await open(hash());
        await expect
          .poll(() => page.locator('main table, main dl, main form').count())
          .toBeGreaterThan(0);
        expect(await accessibilityFindings(page)).toEqual([]);
        const width = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect(width).toBeLessThanOrEqual(360);
        await page.setViewportSize({ width: 1200, height: 900 });
        expect(await accessibilityFindings(page)).toEqual([]);
      },
    );
  });
});

describe.runIf(hasChromium())('the operator’s page with a token', () => {
  const token = 'operators-token-of-tests';
  let usher: Usher;
  let browser: Browser;

  beforeAll(async () => {
    usher = await startUsher({ NODE_ENV: 'development', OPS_TOKEN: token });
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser.close();
    await usher.stop();
  });

  it('asks for the token, sends it only in a header, and discards it on reload', async () => {
    const page = await openBrowserPage(browser, `${usher.operatorUrl}/`);
    const input = page.getByLabel('OPS_TOKEN');
    await input.fill('another-token-of-tests');
    await input.press('Enter');
    await expect.poll(() => page.getByRole('alert').textContent()).toContain('refused this token');
    await input.fill(token);
    await input.press('Enter');
    await expect.poll(() => page.getByRole('status').textContent()).toContain('decisions');
    await page.getByLabel('Follow new decisions').check();
    await expect.poll(() => page.getByRole('status').textContent()).toContain('Following');
    const kept = '[document.documentElement.outerHTML, location.href, document.cookie]';
    expect(await page.evaluate(`JSON.stringify(${kept})`)).not.toContain(token);
    const stores = 'JSON.stringify([localStorage, sessionStorage, history.state, window.name])';
    expect(await page.evaluate(stores)).not.toContain(token);
    await page.reload();
    await expect.poll(() => input.inputValue()).toBe('');
    expect(await accessibilityFindings(page)).toEqual([]);
  });

  it('discards the token on request', async () => {
    const page = await openBrowserPage(browser, `${usher.operatorUrl}/`);
    await page.getByLabel('OPS_TOKEN').fill(token);
    await page.getByRole('button', { name: 'Use' }).click();
    await page.getByRole('button', { name: 'Forget the token' }).click();
    await expect.poll(() => page.getByLabel('OPS_TOKEN').count()).toBe(1);
  });
});

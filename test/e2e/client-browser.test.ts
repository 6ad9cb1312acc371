import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { version } from '../../clients/js/bundle.mjs';
import { freePort } from '../support/free-port.ts';
import { hasChromium, openBrowserPage, startChromium } from './support/chromium.ts';
import { type Deployment, startDeployment } from './support/deployment.ts';
import { expiring } from './support/usher-pages.ts';

const packages = createRequire(import.meta.url);
const fileOf = (name: string, file: string) =>
  readFileSync(join(dirname(packages.resolve(`${name}/package.json`)), file));

/** The scripts of the page, as the packages ship them for browsers. */
const scripts: Readonly<Record<string, Buffer>> = {
  '/pusher.js': fileOf('pusher-js', 'dist/web/pusher-with-encryption.min.js'),
  '/echo.js': readFileSync(join(dirname(packages.resolve('laravel-echo')), 'echo.iife.js')),
};

describe.runIf(hasChromium())('a page in Chromium', () => {
  let deployment: Deployment;
  let site: Server;
  let browser: Browser;
  let origin: string;
  let escrows = 0;

  beforeAll(async () => {
    const port = await freePort();
    // Another origin than Usher's, as for most pages.
    origin = `http://localhost:${port}`;
    deployment = await startDeployment({ ALLOWED_ORIGINS: origin });
    site = createServer(({ url = '' }, response) => {
      const script = scripts[url];
      const type = script === undefined ? 'text/html' : 'text/javascript';
      response.writeHead(200, { 'content-type': `${type}; charset=utf-8` });
      response.end(script ?? html());
    });
    await new Promise<void>((resolve) => site.listen(port, 'localhost', resolve));
    expect((site.address() as AddressInfo).port).toBe(port);
    browser = await startChromium();
  });

  afterAll(async () => {
    await browser.close();
    site.close();
    expect(await deployment.stop()).toEqual([]);
  });

  const html = () => `<!doctype html><title>Page</title><meta name="csrf-token" content="csrf">
<script src="/pusher.js"></script><script src="/echo.js"></script>
<script src="${deployment.usher.publicUrl}/usher-client.js?v=${version}" crossorigin></script>`;

  const mint = (seconds: number, sub = '15') => deployment.tokens.user(expiring(sub, seconds));

  /**
   * Opens the page and connects it with the package: `window.pusher`, or `window.echo`. Each refresh has the next token;
   * if `headers` is a function, it has that of `window.user`.
   */
  async function open(
    kind: 'pusher' | 'echo',
    tokens: readonly string[],
    headersAre: 'object' | 'function' = 'object',
  ): Promise<Page> {
    const page = await openBrowserPage(browser, origin);
    const { usher, soketi } = deployment;
    const address = { url: usher.publicUrl, key: soketi.key, wsPort: soketi.port };
    const given = { kind, tokens, headersAre, ...address };
    await page.evaluate(({ kind, tokens, headersAre, url, key, wsPort }) => {
      /* eslint-disable */
      const w = globalThis as any;
      w.user = 0;
      const headers = () => ({
        Authorization: `Bearer ${tokens[w.user]}`,
        'X-Tenant-ID': '1',
      });
      const usher = (w.usher = w.usherAuth({
        url,
        headers: headersAre === 'object' ? headers() : headers,
        refresh: async () => ++w.user < tokens.length && headers(),
        onSignedOut: (error: { status: number }) => (w.signedOut = error.status),
      }));
      const options = {
        cluster: '',
        wsHost: '127.0.0.1',
        wsPort,
        forceTLS: false,
        enabledTransports: ['ws'],
        userAuthentication: usher.userAuthentication,
      };
      if (kind === 'echo') {
        const { authorizer } = usher;
        w.echo = new w.Echo.default({ broadcaster: 'pusher', key, authorizer, ...options });
        w.pusher = w.echo.connector.pusher;
      } else {
        const { channelAuthorization } = usher;
        w.pusher = usher.attach(new w.Pusher(key, { channelAuthorization, ...options }));
      }
      w.errors = [];
      w.pusher.bind_global(() => undefined);
      /* eslint-enable */
    }, given);
    return page;
  }

  /** Runs code in the page, where `pusher`, `echo`, `errors` and so on are globals. */
  const run = (page: Page, code: string): Promise<unknown> => page.evaluate(code);

  const subscribed = `pusher.allChannels().filter((each) => each.subscribed).map((each) => each.name)`;

  it('with pusher-js subscribes, and receives status and decision id of a refusal', async () => {
    const page = await open('pusher', [mint(3600)]);
    await run(
      page,
      `for (const name of ['private-tenant.1.user.15', 'private-tenant.1.announcements', 'private-tenant.1.user.16'])
        pusher.subscribe(name).bind('pusher:subscription_error', (error) => errors.push(error)); pusher.signin()`,
    );
    await expect
      .poll(() => run(page, subscribed))
      .toEqual(['private-tenant.1.user.15', 'private-tenant.1.announcements']);
    const [error] = (await run(page, 'errors')) as [Record<string, unknown>];
    // Readable by the page of another origin only because the response exposes it, and CORS allows it.
    expect(error).toMatchObject({ status: 403, error: 'You may not enter this channel' });
    const decision = await fetch(
      `${deployment.usher.operatorUrl}/decisions/${String(error['decisionId'])}`,
    );
    expect(decision.status).toBe(200);
    await expect.poll(() => run(page, 'pusher.user.user_data?.id')).toBe('15');
    await page.close();
  });

  it('sends one preflight for many requests', async () => {
    const page = await open('pusher', [mint(3600)]);
    const before = await countPreflights();
    for (let i = 0; i < 5; i += 1) {
      escrows += 1;
      const name = `private-tenant.1.escrow.${escrows}`;
      await run(
        page,
        `new Promise((resolve) => pusher.subscribe('${name}').bind('pusher:subscription_error', resolve))`,
      );
    }
    expect((await countPreflights()) - before).toBe(1);
    await page.close();
  });

  it('with Laravel Echo subscribes to private, presence and encrypted channels', async () => {
    await deployment.put('/resources/tenants/1/escrows/4711', {
      buyer_id: '15',
      seller_id: '16',
      status: 'FUNDED',
    });
    const page = await open('echo', [mint(3600)]);
    await run(
      page,
      `echo.private('tenant.1.announcements'); echo.encryptedPrivate('tenant.1.user.15');
       echo.join('tenant.1.escrow.4711.chat').here((members) => (window.members = members));
       echo.private('tenant.1.user.16').error((error) => errors.push(error))`,
    );
    await expect.poll(() => run(page, 'window.members')).toEqual([{ id: '15' }]);
    await expect
      .poll(() => run(page, `pusher.allChannels().map((each) => each.subscribed)`))
      .toEqual([true, true, true, false]);
    expect(await run(page, 'errors')).toMatchObject([{ status: 403 }]);
    await page.close();
  });

  it.each(['pusher', 'echo'] as const)(
    'recovers after its credential expired, and reports when the user is signed out: %s',
    async (kind) => {
      // A busy machine needs seconds until the page is signed in, and a later sign-in would outlive its credential.
      const page = await open(kind, [mint(6), mint(12)]);
      await run(page, `pusher.subscribe('private-tenant.1.announcements'); pusher.signin()`);
      const alive = `pusher.channel('private-tenant.1.announcements').subscribed`;
      await expect.poll(() => run(page, alive)).toBe(true);
      const first = await run(page, 'pusher.connection.socket_id');
      await expect.poll(() => run(page, 'pusher.connection.socket_id')).not.toBe(first);
      await expect.poll(() => run(page, alive)).toBe(true);
      await expect.poll(() => run(page, 'window.signedOut')).toBe(401);
      expect(await run(page, 'pusher.connection.state')).toBe('disconnected');
      await page.close();
    },
  );

  it.each([
    ['pusher', 'object', ''],
    ['pusher', 'function', 'user = 1;'],
    ['echo', 'object', ''],
    ['echo', 'function', 'user = 1;'],
  ] as const)(
    'after a login sends only the credential of the second user: %s, headers as %s',
    async (kind, headersAre, logIn) => {
      // Other users than in the tests before: when their credentials expire, Usher ends all connections of the user.
      const [first, second] = [mint(3600, '25'), mint(3600, '26')];
      const page = await open(kind, [first, second], headersAre);
      const channels = ['private-tenant.1.user.25', 'private-tenant.1.user.26'];
      await run(page, `${JSON.stringify(channels)}.map((name) => pusher.subscribe(name))`);
      await run(page, 'pusher.signin()');
      await expect.poll(() => run(page, 'pusher.user.user_data?.id')).toBe('25');
      await expect.poll(() => run(page, subscribed)).toEqual([channels[0]]);
      const sent: unknown[] = [];
      page.on('request', (request) => sent.push(request.headers()['authorization']));
      await run(page, `${logIn} usher.resume()`);
      await expect.poll(() => run(page, 'pusher.user.user_data?.id')).toBe('26');
      await expect.poll(() => run(page, subscribed)).toEqual([channels[1]]);
      expect(sent).toEqual([`Bearer ${second}`, `Bearer ${second}`]);
      await page.close();
    },
  );

  it('can also load the package as a module', async () => {
    const page = await openBrowserPage(browser, origin);
    const address = `${deployment.usher.publicUrl}/usher-client.js`;
    expect(
      await run(page, `delete window.usherAuth, import('${address}').then(() => typeof usherAuth)`),
    ).toBe('function');
    await page.close();
  });

  /** The preflights in the log, once our own last request is there. */
  async function countPreflights(): Promise<number> {
    const { headers } = await fetch(deployment.usher.publicUrl);
    await expect.poll(() => deployment.usher.output()).toContain(headers.get('x-request-id'));
    return deployment.usher.output().split('"method":"OPTIONS"').length - 1;
  }
});

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type Deployment, startDeployment } from './support/deployment.ts';
import {
  dropConnection,
  openPage,
  openPlainPage,
  type PageOptions,
  type UsherPage,
} from './support/usher-pages.ts';

/** Number of pages of each kind, each with its own user, and of channels per page. */
const pageCount = 20;
const channelCount = 50;
const outageMs = 30_000;
const lifetimeSeconds = 12;

let deployment: Deployment;
let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'usher-recovery-'));
  const generous = { RATE_LIMIT_SUBSCRIPTIONS: '1000', RATE_LIMIT_AUTHORIZATIONS: '100000' };
  deployment = await startDeployment({
    ...generous,
    LOG_LEVEL: 'info',
    DATA_DIR: join(dataDir, 'data'),
  });
  await Promise.all(range(pageCount).map(putEscrows));
}, 300_000);

afterAll(async () => {
  expect(await deployment.stop()).toEqual([]);
  await rm(dataDir, { recursive: true, force: true });
});

type Kind = 'with' | 'without';
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

const escrowsOf = (page: number) => range(channelCount).map((i) => `${page}0${i}`);

/** The escrows of one page of each kind: each is one channel. */
async function putEscrows(page: number): Promise<void> {
  for (const id of escrowsOf(page)) {
    const escrow = { buyer_id: `with-${page}`, seller_id: `without-${page}`, status: 'FUNDED' };
    await deployment.put(`/resources/tenants/1/escrows/${id}`, escrow);
  }
}

/** All pages, when each has entered its channels. */
async function openAll(lifetime: () => number): Promise<Readonly<Record<Kind, UsherPage[]>>> {
  const open = (kind: Kind): UsherPage[] =>
    range(pageCount).map((page) => {
      const channels = escrowsOf(page).map((id) => `private-tenant.1.escrow.${id}`);
      const options: PageOptions = { sub: `${kind}-${page}`, channels, lifetime };
      return (kind === 'with' ? openPage : openPlainPage)(deployment, options);
    });
  const pages = { with: open('with'), without: open('without') };
  await expect.poll(() => [deadOf(pages.with), deadOf(pages.without)]).toEqual([0, 0]);
  for (const { pusher } of [...pages.with, ...pages.without]) await pusher.user.signinDonePromise;
  return pages;
}

const deadOf = (pages: readonly UsherPage[]) =>
  pages.reduce((sum, page) => sum + page.dead().length, 0);

const rows: string[] = [];

afterAll(() => {
  const header = ['| | dead channels of 1,000, with the package | without |', '|---|---|---|'];
  console.log([...header, ...rows].join('\n'));
});

describe(`${pageCount} pages with ${channelCount} channels each`, () => {
  it('all recover after their tokens expired, and do not without the package', async () => {
    let lifetime = lifetimeSeconds;
    const pages = await openAll(() => lifetime);
    const first = pages.with.map(({ pusher }) => pusher.connection.socket_id);
    await sleep(lifetimeSeconds * 2_000);
    lifetime = 3600;
    const changed = () => pages.with.map(({ pusher }) => pusher.connection.socket_id);
    await expect
      .poll(() => changed().filter((id, i) => id === first[i]).length, { timeout: 60_000 })
      .toBe(0);
    // The last tokens of 12 s end too.
    await sleep((lifetimeSeconds + 2) * 1_000);
    await expect.poll(() => deadOf(pages.with)).toBe(0);
    const without = deadOf(pages.without);
    rows.push(`| expiry of tokens of ${lifetimeSeconds} s | ${deadOf(pages.with)} | ${without} |`);
    expect(without).toBe(pageCount * channelCount);
    close(pages);
  }, 180_000);

  it('all recover after an outage of Usher in which they lost their connections, and do not without', async () => {
    const pages = await openAll(() => 3600);
    const start = await deployment.stopUsher();
    for (const page of [...pages.with, ...pages.without]) dropConnection(page);
    await sleep(outageMs);
    await start();
    const started = Date.now();
    await expect.poll(() => deadOf(pages.with), { timeout: 60_000 }).toBe(0);
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    const without = deadOf(pages.without);
    rows.push(`| outage of ${outageMs / 1000} s | 0, ${seconds} s after its end | ${without} |`);
    expect(without).toBe(pageCount * channelCount);
    close(pages);
  }, 180_000);
});

function close(pages: Readonly<Record<Kind, readonly UsherPage[]>>): void {
  for (const page of [...pages.with, ...pages.without]) page.disconnect();
}

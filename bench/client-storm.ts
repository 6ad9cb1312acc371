import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { browser } from '../clients/js/src/environment.ts';
import { usherAuth } from '../clients/js/src/index.ts';
import { usherScript, type Bench } from './bench.ts';
import { raisedLimits } from './keys.ts';
import { processorSeconds } from './memory.ts';
import { describeRun, writeResults } from './output.ts';
import { showElapsed } from './progress.ts';
import { formatTable } from './table.ts';
import { mint } from './tokens.ts';

/** Subscribes to all channels of a page. Resolves when all have a signature. */
type OpenPage = (page: Page) => Promise<void>;

interface Page {
  readonly url: string;
  readonly socketId: string;
  readonly channels: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
}

interface StormResult {
  readonly name: string;
  readonly requests: number;
  readonly seconds: number;
  /** Processor time of Usher. */
  readonly processorSeconds: number;
}

/** Measures a reconnect of all pages at once, with the client package and with the requests of pusher-js alone. */
export async function runClientStorm(bench: Bench): Promise<void> {
  const databaseUrl = await bench.postgres.create();
  const pages = bench.scale.stormPages;
  const results = [
    await runClients(bench, databaseUrl, { name: 'pusher-js alone', open: openPlain }),
    await runClients(bench, databaseUrl, { name: 'with the package', open: openWithPackage }),
  ];
  const cells = results.map(({ name, requests, seconds, processorSeconds: cpu }) => [
    ...[name, String(requests), seconds.toFixed(1), cpu.toFixed(1)],
  ]);
  console.log(
    formatTable(['pages', 'requests', 'duration, s', 'processor time of Usher, s'], cells),
  );
  console.log(
    `${pages} pages with 5 channels each, one token per page. All requests were granted.`,
  );
  console.log(
    `Raised limits: ${Object.keys(raisedLimits).join(', ')}. Pinning: ${bench.pinning.description}.`,
  );
  await writeResults('client-storm', {
    ...describeRun(bench),
    pages,
    limits: raisedLimits,
    results,
  });
}

async function runClients(
  bench: Bench,
  databaseUrl: string,
  { name, open }: { readonly name: string; readonly open: OpenPage },
): Promise<StormResult> {
  const stop = showElapsed(name);
  const { child, port } = await bench.serve(usherScript, databaseUrl, {
    PUSHER_ENCRYPTION_MASTER_KEY: randomBytes(32).toString('base64'),
  });
  const pages = Array.from({ length: bench.scale.stormPages }, (_, row) =>
    pageOf(bench, port, row),
  );
  // Warm-up: code is compiled and database connections are open.
  await Promise.all(pages.slice(0, 200).map(open));
  await sleep(bench.scale.settle * 100);
  const usedBefore = await processorSeconds(child.pid);
  requests = 0;
  const started = performance.now();
  await Promise.all(pages.map(open));
  const seconds = (performance.now() - started) / 1000;
  const used = (await processorSeconds(child.pid)) - usedBefore;
  await child.end();
  stop();
  return { name, requests, seconds, processorSeconds: used };
}

function pageOf({ keys }: Bench, port: number, row: number): Page {
  const [tenantId, userId] = [`t${row % 20}`, `user-${row}`];
  const claims = { sub: userId, tenant_id: tenantId, role: 'admin', jti: `p${row}` };
  const tenant = `private-tenant.${tenantId}`;
  return {
    url: `http://127.0.0.1:${port}`,
    socketId: `${row}.1`,
    // The rules of these channels need no facts.
    channels: [
      ...[`${tenant}.user.${userId}`, `${tenant}.announcements`, `${tenant}.admin`],
      ...['private-announcements', `private-encrypted-tenant.${tenantId}.user.${userId}`],
    ],
    headers: {
      Authorization: `Bearer ${mint(claims, keys.userSecret)}`,
      'X-Tenant-ID': tenantId,
    },
  };
}

/** Requests since the start of the measurement. */
let requests = 0;

const countingFetch: typeof fetch = (...request) => {
  requests += 1;
  return fetch(...request);
};

const openWithPackage: OpenPage = async ({ url, headers, channels, socketId }) => {
  const usher = usherAuth({ url, headers }, { ...browser, fetch: countingFetch });
  const granted = channels.map(
    (channelName) =>
      new Promise<void>((resolve, reject) => {
        usher.channelAuthorization.customHandler({ socketId, channelName }, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      }),
  );
  await Promise.all(granted);
};

const openPlain: OpenPage = async ({ url, headers, channels, socketId }) => {
  const granted = channels.map(async (channelName) => {
    const body = new URLSearchParams({ socket_id: socketId, channel_name: channelName });
    const response = await countingFetch(`${url}/pusher/auth`, { method: 'POST', headers, body });
    if (response.status !== 200) throw new Error(`${channelName}: ${response.status}`);
    await response.json();
  });
  await Promise.all(granted);
};

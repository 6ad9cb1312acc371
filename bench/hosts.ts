import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { usherScript, type Bench } from './bench.ts';
import { fillMariadb, fillPostgres, generateClient } from './orders.ts';
import { describeRun, writeResults } from './output.ts';
import { mediansOf, runRounds, type Contestant, type Result } from './rounds.ts';
import { compare, type Ratio } from './statistics.ts';
import { formatTable } from './table.ts';

const handWritten = 'Fastify + jose + Prisma + pusher';

/** Number of tokens that the measurement repeats. */
const warmTokens = 300;

/** Measures decisions that need a fact or a response of the application, beside a hand-written server that reads the same row. */
export async function runHosts(bench: Bench): Promise<void> {
  const { pairs, databases } = await preparePairs(bench);
  const rows: Row[] = [];
  for (const pair of pairs) rows.push(await measurePair(bench, pair));
  console.log(formatTable(headings, rows.map(cellsOf)));
  console.log(
    `Medians of ${bench.scale.rounds} rounds; each row alternates with ${handWritten}. Pinning: ${bench.pinning.description}. ${databases.join(', ')}.`,
  );
  await writeResults('hosts', { ...describeRun(bench), databases, results: rows });
}

const headings = [
  ...['owner of an order', 'per second', 'p50, ms', 'p99, ms'],
  ...[`${handWritten}, per second`, 'ratio'],
];

interface Row extends Result, ReturnType<typeof mediansOf> {
  readonly handWritten: Result & ReturnType<typeof mediansOf>;
  readonly ratio: Ratio;
}

const cellsOf = ({ name, rate, p50, p99, handWritten: hand, ratio }: Row): readonly string[] => [
  ...[name, rate.toFixed(0), p50.toFixed(2), p99.toFixed(2), hand.rate.toFixed(0)],
  `${ratio.ratio.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
];

interface Pair {
  readonly start: () => Promise<Contestant>;
  readonly baseline: Contestant;
}

/**
 * Measures one Usher beside the hand-written server, and stops it: after some idle seconds it collects garbage, which would
 * use the core on which the next one is measured.
 */
async function measurePair(bench: Bench, { start, baseline }: Pair): Promise<Row> {
  const usher = await start();
  const [hand, ours] = await runRounds(bench, [baseline, usher]);
  await usher.server.child.end();
  if (hand === undefined || ours === undefined) throw new Error('A contestant has no result');
  const ratio = compare(ours.rates, hand.rates);
  return { ...ours, ...mediansOf(ours), handWritten: { ...hand, ...mediansOf(hand) }, ratio };
}

async function preparePairs(bench: Bench) {
  const { scale, cleanup, postgres, directory } = bench;
  const [own, shop] = [await postgres.create(), await postgres.create('empty')];
  await fillPostgres(shop, scale.rows);
  const mariadb = await fillMariadb(cleanup, scale.rows);
  const application = await bench.serveAside('bench/contestants/application.ts');
  const policy = join(directory, 'application');
  await mkdir(policy);
  await writeFile(join(policy, 'policy.yaml'), policyText);
  const environment = {
    POLICY: policy,
    SHOP_DATABASE_URL: shop,
    MARIADB_URL: mariadb?.url ?? shop,
    APPLICATION_URL: `http://127.0.0.1:${application.port}`,
  };
  const server = await bench.serve('bench/contestants/fastify-prisma-orders.ts', shop, {
    PRISMA_CLIENT: await generateClient(directory),
  });
  const scenarioOf = (orders: string) =>
    ({ name: 'order', orders, rows: scale.rows, tokens: warmTokens }) as const;
  const baseline = { name: handWritten, server, databaseUrl: shop, scenario: scenarioOf('order') };
  const ours: Readonly<Record<string, string>> = {
    'Usher, fact by SQL on PostgreSQL': 'order',
    ...(mariadb !== undefined && { 'Usher, fact by SQL on MariaDB': 'mariadb-order' }),
    'Usher, fact by HTTP': 'http-order',
    'Usher, ask': 'ask-order',
  };
  const pairs = Object.entries(ours).map(([name, orders]): Pair => ({
    baseline,
    start: async () => ({
      name,
      databaseUrl: own,
      applicationUrl: shop,
      scenario: scenarioOf(orders),
      server: await bench.serve(usherScript, own, environment),
    }),
  }));
  return { pairs, databases: [postgres.description, ...(mariadb ? [mariadb.description] : [])] };
}

const query = 'SELECT owner_id FROM orders WHERE id = :order';

const factText = (name: string, from: string) =>
  `  ${name}: { ids: [order], fields: { owner_id: string }, ${from} }\n`;

const channelText = (name: string, fact: string) => `  private-${name}-{order}:
    about: the owner of the order
    params: { order: int }
    facts: { ${fact}: [params.order] }
    allow: { user: { user owns the order: facts.${fact}.owner_id == user.id } }
`;

/** One channel per source of the fact, with the same rule. */
const policyText = `version: 1
sources:
  shop: { url: { env: SHOP_DATABASE_URL } }
  mariadb: { url: { env: MARIADB_URL } }
  application: { url: { env: APPLICATION_URL } }
facts:
${factText('shop_order', `sql: { source: shop, query: '${query}' }`)}${factText('mariadb_order', `sql: { source: mariadb, query: '${query}' }`)}${factText('http_order', "http: { source: application, path: '/orders/{order}' }")}channels:
${channelText('order', 'shop_order')}${channelText('mariadb-order', 'mariadb_order')}${channelText('http-order', 'http_order')}  private-ask-order-{order}:
    about: the application decides
    params: { order: int }
    ask: { laravel: { source: application, forward: [authorization] } }
    allow: { user: {} }
`;

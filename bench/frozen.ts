import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { usherScript, type Bench } from './bench.ts';
import { startChild, type Child } from './child.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import { describeRun, keep } from './output.ts';
import type { Server } from './server.ts';
import { compare, median, type Ratio } from './statistics.ts';
import { formatTable } from './table.ts';
import { mint } from './tokens.ts';

/** Requests a second that need the application, sent whether they are answered or not. */
const neededPerSecond = 200;

/** Connections of those who do not need it, each with one request under way. */
const connections = 16;

/** Seconds of one measurement: longer than the time-outs of facts. */
const seconds = 4;

/** Facts of Usher that the others ask about. */
const rows = 1_000;

const query = 'SELECT role FROM members WHERE project_id = :project';
const policy = `version: 1
sources: { database: { url: { env: APP_DATABASE_URL } }, host: { url: { env: APP_URL } } }
facts:
  by_sql: { ids: [project], fields: { role: string }, sql: { source: database, query: '${query}' } }
  by_http: { ids: [project], fields: { role: string }, http: { source: host, path: '/members/{project}', timeout: 3s } }
channels:
  private-by-sql-{project}:
    about: needs a fact by SQL
    params: { project: id }
    facts: { by_sql: [params.project] }
    allow: { user: { has an editor: facts.by_sql.role == 'editor' } }
  private-by-http-{project}:
    about: needs a fact by HTTP
    params: { project: id }
    facts: { by_http: [params.project] }
    allow: { user: { has an editor: facts.by_http.role == 'editor' } }
  private-asked-{project}:
    about: the application is asked
    params: { project: id }
    ask: { laravel: { source: host, path: /broadcasting/auth, timeout: 3s, forward: [authorization] } }
  private-mine-{project}:
    about: the application is asked for the session
    params: { project: id }
    allow: { visitor: { is logged in: visitor.id != '' } }
`;

/** What is needed of the application, and the channels that need it. */
const needs = [
  { name: 'facts by SQL', channel: 'private-by-sql-', by: 'token' },
  { name: 'facts by HTTP', channel: 'private-by-http-', by: 'token' },
  { name: '`ask`', channel: 'private-asked-', by: 'token' },
  { name: 'sessions by introspection', channel: 'private-mine-', by: 'cookie' },
] as const;

type Need = (typeof needs)[number];

interface Frozen {
  readonly name: string;
  /** Authorizations a second of those who do not need the application, in each round. */
  readonly running: readonly number[];
  readonly frozen: readonly number[];
  readonly ratio: Ratio;
  /** The statuses of those who need it, while it stood still. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds from the end of the freeze to the first answer, in each round. */
  readonly recoveries: readonly number[];
}

interface Bed {
  readonly bench: Bench;
  readonly server: Server;
  readonly application: Child;
}

/** Does a server of the application that stands still slow down those who do not need it? */
export async function runFrozen(bench: Bench): Promise<void> {
  const bed = await prepare(bench);
  const results: Frozen[] = [];
  for (const need of needs) results.push(await freezeInRounds(need, bed));
  console.log(formatTable(headings, results.map(cellsOf)));
  console.log(
    `Others: a closed loop of ${connections} connections for ${seconds} s, with the application running and frozen (SIGSTOP) in turn, ${bench.scale.rounds} rounds. Beside them ${neededPerSecond} requests a second need the application. Every answer of the others was a signature.`,
  );
  console.log(`Pinning: ${bench.pinning.about}. Database: ${bench.postgres.about}.`);
  await keep('frozen', { ...describeRun(bench), connections, seconds, neededPerSecond, results });
}

async function prepare(bench: Bench): Promise<Bed> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-bench-frozen-'));
  bench.cleanup.add(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, 'policy.yaml'), policy);
  const [own, theirs] = [await bench.postgres.create(), await bench.postgres.create('empty')];
  await withClient(own, (client) => fill(client, rows));
  await withClient(theirs, async (client) => {
    await client.query(
      `CREATE TABLE members AS SELECT id AS project_id, 'editor' AS role FROM generate_series(1::bigint, 1000000) AS id`,
    );
    await client.query('ALTER TABLE members ADD PRIMARY KEY (project_id)');
  });
  const url = new URL(theirs);
  const application = startChild(bench.cleanup, {
    script: 'bench/application.ts',
    cwd: directory,
    env: { SQL_HOST: url.hostname, SQL_PORT: url.port || '5432' },
  });
  const [ports] = (await once(application.process, 'message')) as [
    Readonly<Record<'http' | 'sql', number>>,
  ];
  url.host = `127.0.0.1:${ports.sql}`;
  const server = await bench.serve(usherScript, own, {
    POLICY: `builtin:*,${directory}`,
    APP_URL: `http://127.0.0.1:${ports.http}`,
    APP_DATABASE_URL: url.href,
    SESSION_MODE: 'introspect',
    SESSION_INTROSPECTION_URL: `http://127.0.0.1:${ports.http}/me`,
    SESSION_COOKIE_NAME: 'sid',
  });
  return { bench, server, application };
}

async function freezeInRounds(need: Need, bed: Bed): Promise<Frozen> {
  process.stderr.write(`${need.name}\n`);
  const { bench, application } = bed;
  const crowd = startCrowd(need, bed);
  const [running, frozen, recoveries]: [number[], number[], number[]] = [[], [], []];
  try {
    await rateOfOthers(bed);
    for (let round = 0; round < bench.scale.rounds; round += 1) {
      running.push(await rateOfOthers(bed));
      application.process.kill('SIGSTOP');
      crowd.count(true);
      frozen.push(await rateOfOthers(bed));
      crowd.count(false);
      application.process.kill('SIGCONT');
      const resumed = performance.now();
      while ((await crowd.ask()) !== 200) await sleep(10);
      recoveries.push(performance.now() - resumed);
      // Earlier requests have their responses, or have timed out.
      await crowd.idle();
    }
  } finally {
    application.process.kill('SIGCONT');
    await crowd.stop();
  }
  const ratio = compare(frozen, running);
  return { name: need.name, running, frozen, ratio, recoveries, statuses: crowd.statuses() };
}

async function rateOfOthers({ bench, server }: Bed): Promise<number> {
  const { responses: responses, elapsed } = await bench.client.measure({
    port: server.port,
    scenario: { name: 'guest', rows, tokens: 300 },
    keys: bench.keys,
    connections,
    pace: { kind: 'closed', seconds, most: Infinity },
    verifyEvery: 200,
  });
  return (responses * 1000) / elapsed;
}

let asked = 0;

/** Requests that need the application; each is for another fact. */
function startCrowd({ channel, by }: Need, { bench, server }: Bed) {
  const statuses: Record<string, number> = {};
  const open = new Set<Promise<unknown>>();
  let isCounted = false;
  const authorization = `Bearer ${mint({ sub: '15', jti: 'crowd' }, bench.keys.userSecret)}`;
  const ask = async (): Promise<number> => {
    const serial = (asked += 1);
    const headers =
      by === 'token'
        ? { authorization }
        : { cookie: `sid=${serial}`, origin: 'https://app.example' };
    const channelName = `${channel}${(serial % 1_000_000) + 1}`;
    const body = new URLSearchParams({ socket_id: `1.${serial}`, channel_name: channelName });
    const url = `http://127.0.0.1:${server.port}/broadcasting/auth`;
    const counts = isCounted;
    const { status } = await fetch(url, { method: 'POST', headers, body });
    if (counts) statuses[status] = (statuses[status] ?? 0) + 1;
    return status;
  };
  const timer = setInterval(() => {
    const request = ask().finally(() => open.delete(request));
    open.add(request);
  }, 1000 / neededPerSecond);
  const idle = async () => {
    await Promise.all(open);
  };
  return {
    ask,
    idle,
    statuses: () => statuses,
    count: (counts: boolean) => (isCounted = counts),
    stop: async () => {
      clearInterval(timer);
      await idle();
    },
  };
}

const headings = [
  'frozen',
  'others running',
  'frozen',
  'ratio',
  'least',
  'most',
  'those who need it',
  'back ms',
];

function cellsOf({
  name,
  running,
  frozen,
  ratio,
  statuses,
  recoveries,
}: Frozen): readonly string[] {
  return [
    name,
    ...[running, frozen].map((rates) => median(rates).toFixed(0)),
    ...[ratio.ratio, ratio.least, ratio.most].map((each) => each.toFixed(2)),
    Object.entries(statuses)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', '),
    median(recoveries).toFixed(0),
  ];
}

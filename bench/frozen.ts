import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { usherScript, type Bench } from './bench.ts';
import { startChild, type Child } from './child.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import { describeRun, writeResults } from './output.ts';
import type { Server } from './server.ts';
import { compare, median, type Ratio } from './statistics.ts';
import { formatTable } from './table.ts';
import { mint } from './tokens.ts';

/** Rate of the open loop of requests that need the application. */
const dependentPerSecond = 200;

/** Connections of the closed loop of requests that do not need the application. */
const connections = 16;

/** Duration of one measurement, longer than the timeouts of facts. */
const seconds = 4;

/** Rows of Usher's own facts. */
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
  private-ask-{project}:
    about: the application decides
    params: { project: id }
    ask: { laravel: { source: host, path: /broadcasting/auth, timeout: 3s, forward: [authorization] } }
  private-mine-{project}:
    about: the application introspects the session
    params: { project: id }
    allow: { visitor: { is logged in: visitor.id != '' } }
`;

/** Features that need the application, with the prefix of a channel that uses each. */
const dependencies = [
  { name: 'facts by SQL', channel: 'private-by-sql-', credentials: 'token' },
  { name: 'facts by HTTP', channel: 'private-by-http-', credentials: 'token' },
  { name: '`ask`', channel: 'private-ask-', credentials: 'token' },
  { name: 'sessions by introspection', channel: 'private-mine-', credentials: 'cookie' },
] as const;

type Dependency = (typeof dependencies)[number];

interface Frozen {
  readonly name: string;
  /** Independent authorizations per second while the application runs, one value per round. */
  readonly running: readonly number[];
  /** The same while the application is frozen. */
  readonly frozen: readonly number[];
  readonly ratio: Ratio;
  /** Number of dependent responses by status, of requests sent while the application was frozen. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Milliseconds from SIGCONT to the first granted dependent request, one value per round. */
  readonly recoveries: readonly number[];
}

interface Setup {
  readonly bench: Bench;
  readonly server: Server;
  readonly application: Child;
}

/** Measures whether a frozen application slows down requests that do not need it. */
export async function runFrozen(bench: Bench): Promise<void> {
  const setup = await prepare(bench);
  const results: Frozen[] = [];
  for (const dependency of dependencies) results.push(await freezeInRounds(dependency, setup));
  console.log(formatTable(headings, results.map(cellsOf)));
  console.log(
    `Independent requests: a closed loop of ${connections} connections for ${seconds} s, alternately with the application running and frozen (SIGSTOP), ${bench.scale.rounds} rounds. At the same time ${dependentPerSecond} requests per second need the application. Every independent response was a signature.`,
  );
  console.log(`Pinning: ${bench.pinning.description}. Database: ${bench.postgres.description}.`);
  await writeResults('frozen', {
    ...describeRun(bench),
    connections,
    seconds,
    dependentPerSecond,
    results,
  });
}

async function prepare(bench: Bench): Promise<Setup> {
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

async function freezeInRounds(dependency: Dependency, setup: Setup): Promise<Frozen> {
  process.stderr.write(`${dependency.name}\n`);
  const { bench, application } = setup;
  const dependent = startDependentRequests(dependency, setup);
  const [running, frozen, recoveries]: [number[], number[], number[]] = [[], [], []];
  try {
    await measureIndependent(setup);
    for (let round = 0; round < bench.scale.rounds; round += 1) {
      running.push(await measureIndependent(setup));
      application.process.kill('SIGSTOP');
      dependent.count(true);
      frozen.push(await measureIndependent(setup));
      dependent.count(false);
      application.process.kill('SIGCONT');
      const resumed = performance.now();
      while ((await dependent.send()) !== 200) await sleep(10);
      recoveries.push(performance.now() - resumed);
      // Requests of this round must not affect the next one.
      await dependent.idle();
    }
  } finally {
    application.process.kill('SIGCONT');
    await dependent.stop();
  }
  const ratio = compare(frozen, running);
  return {
    name: dependency.name,
    running,
    frozen,
    ratio,
    recoveries,
    statuses: dependent.statuses(),
  };
}

async function measureIndependent({ bench, server }: Setup): Promise<number> {
  const { responses, elapsed } = await bench.client.measure({
    port: server.port,
    scenario: { name: 'guest', rows, tokens: 300 },
    keys: bench.keys,
    connections,
    pace: { kind: 'closed', seconds, maxRequests: Infinity },
    verifyEvery: 200,
  });
  return (responses * 1000) / elapsed;
}

let sent = 0;

/** Sends requests that need the application at a fixed rate, each for a different fact. */
function startDependentRequests({ channel, credentials }: Dependency, { bench, server }: Setup) {
  const statuses: Record<string, number> = {};
  const open = new Set<Promise<unknown>>();
  let isCounted = false;
  const authorization = `Bearer ${mint({ sub: '15', jti: 'dependent' }, bench.keys.userSecret)}`;
  const send = async (): Promise<number> => {
    const serial = (sent += 1);
    const headers =
      credentials === 'token'
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
    const request = send().finally(() => open.delete(request));
    open.add(request);
  }, 1000 / dependentPerSecond);
  const idle = async () => {
    await Promise.all(open);
  };
  return {
    send,
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
  'dependency',
  'running, per second',
  'frozen, per second',
  'ratio',
  'minimum',
  'maximum',
  'dependent responses while frozen',
  'recovery, ms',
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
    ...[ratio.ratio, ratio.min, ratio.max].map((each) => each.toFixed(2)),
    Object.entries(statuses)
      .map(([status, count]) => `${count} × ${status}`)
      .join(', '),
    median(recoveries).toFixed(0),
  ];
}

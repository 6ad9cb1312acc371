import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Usher } from '../e2e/support/usher.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../support/mariadb.ts';
import { startApplicationProcess, type ApplicationProcess } from './support/application-process.ts';
import { startPostgres, type Postgres } from './support/postgres.ts';
import { report, seconds } from './support/report.ts';
import { startService, tokens } from './support/service.ts';
import { guestRequest, seenBy, startTraffic } from './support/traffic.ts';

/** A server of the application that a channel needs. */
interface Host {
  readonly url: string;
  readonly freeze: () => Promise<() => void>;
}

const tables = [
  'CREATE TABLE members (project_id bigint PRIMARY KEY, role varchar(20))',
  `INSERT INTO members VALUES ${Array.from({ length: 5_000 }, (_, n) => `(${n}, 'editor')`).join()}`,
];

const factOf = (origin: string) => `facts:
  member: { ids: [project], fields: { role: string }, ${origin} }
`;
const byFact = `
    facts: { member: [params.project] }
    allow: { user: { the project has an editor: facts.member.role == 'editor' } }`;
const query = 'SELECT role FROM members WHERE project_id = :project';
const bySql = factOf(`sql: { source: host, query: '${query}' }`);
const byHttp = factOf(`http: { source: host, path: '/members/{project}', timeout: 1s }`);

const policyOf = (facts: string, rule: string) => `version: 1
sources: { host: { url: { env: HOST_URL } } }
${facts}channels:
  private-host-{project}:
    about: a channel that needs a server of the application
    params: { project: id }${rule}
`;

/** More requests than Usher processes at once. */
const waitingCount = 400;

/** A page waits for a minute. The time-outs are two to ten seconds, and the machine may be slow. */
const boundMs = 60_000;

/** Expectations for every frozen server and every kind of request to it. */
function testFrozenApplication(
  name: string,
  host: () => Host,
  { policy, settings = () => ({}), needing = tokenRequest }: Needs,
): void {
  it(`${name} frozen: other requests are decided, those that need it get 503, and it recovers`, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'usher-frozen-'));
    await writeFile(join(directory, 'host.yaml'), policy);
    const { url, freeze } = host();
    const usher = await startService({
      POLICY: `builtin:*,${directory}`,
      HOST_URL: url,
      ...settings(url),
    });
    let resume: () => void = () => undefined;
    try {
      const request = needing(usher);
      expect((await request()).status).toBe(200);
      resume = await freeze();
      const since = Date.now();
      const ends: number[] = [];
      const waiting = Array.from({ length: waitingCount }, async () => {
        const { status } = await request();
        ends.push(Date.now() - since);
        return status;
      });
      const others = startTraffic(guestRequest(usher));
      await others.granted(40);
      const granted = Date.now();
      const statuses = await Promise.all(waiting);
      await others.stop();
      const sent = others.requests.filter(({ from }) => from <= granted);
      expect(new Set(others.requests.map(({ status }) => status))).toEqual(new Set([200]));
      expect(new Set(statuses)).toEqual(new Set([503]));
      expect(Math.max(...ends)).toBeLessThan(boundMs);
      const resumed = Date.now();
      resume();
      resume = () => undefined;
      await expect.poll(async () => (await request()).status, { timeout: 60_000 }).toBe(200);
      report({
        fault: `${name} frozen (SIGSTOP), ${waitingCount} requests that need it at once`,
        clientsSaw: `those: ${waitingCount} × 503; longest wait ${seconds(Math.max(...ends))}. Others: ${seenBy(sent)}`,
        lost: 'nothing',
        recovery: seconds(Date.now() - resumed),
      });
    } finally {
      resume();
      await usher.stop();
      await rm(directory, { recursive: true });
    }
  });
}

interface Needs {
  readonly policy: string;
  readonly settings?: (url: string) => Readonly<Record<string, string>>;
  readonly needing?: (usher: Usher) => () => Promise<Response>;
}

let requestCount = 0;

/** Without a timeout, unlike other tests, because the duration is measured. */
function requestFor(usher: Usher, channel: string, headers: Readonly<Record<string, string>>) {
  const body = new URLSearchParams({ socket_id: `1.${requestCount}`, channel_name: channel });
  return fetch(`${usher.publicUrl}/broadcasting/auth`, { method: 'POST', body, headers });
}

/** A user with a token. Each request is about another project, so that none is the same as another one. */
function tokenRequest(usher: Usher): () => Promise<Response> {
  const authorization = `Bearer ${tokens.user({ tenant_id: null })}`;
  return () => requestFor(usher, `private-host-${(requestCount += 1)}`, { authorization });
}

/** Visitors with different cookies. */
function cookieRequest(usher: Usher): () => Promise<Response> {
  return () => {
    const cookie = `sid=visitor-${(requestCount += 1)}`;
    return requestFor(usher, 'private-host-8', { cookie, origin: page });
  };
}

const page = 'https://app.example';

describe('a server of the application freezes under load', () => {
  let [postgres, host]: [Postgres?, ApplicationProcess?] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
    for (const statement of tables) await postgres.query(statement);
    host = await startApplicationProcess();
  });
  afterAll(async () => {
    await host?.stop();
    await postgres?.remove();
  });

  testFrozenApplication('PostgreSQL of facts by SQL', () => postgres!, {
    policy: policyOf(bySql, byFact),
  });
  testFrozenApplication('application with facts by HTTP', () => host!, {
    policy: policyOf(byHttp, byFact),
  });
  testFrozenApplication('application that is asked (`ask`)', () => host!, {
    policy: policyOf(
      '',
      `
    ask: { laravel: { source: host, path: /broadcasting/auth, forward: [authorization] } }`,
    ),
  });
  testFrozenApplication('application that introspects sessions', () => host!, {
    policy: policyOf(
      '',
      `
    allow: { visitor: { the visitor is logged in: visitor.id != '' } }`,
    ),
    settings: (url) => ({
      SESSION_MODE: 'introspect',
      SESSION_INTROSPECTION_URL: `${url}/me`,
      SESSION_COOKIE_NAME: 'sid',
      ALLOWED_ORIGINS: page,
    }),
    needing: cookieRequest,
  });
});

reportMariadb('a frozen MariaDB under load is not tested');

describeMariadb('a MariaDB of the application freezes under load', () => {
  const server = useMariadb();
  beforeAll(async () => {
    for (const statement of tables) await server.admin.query(statement);
  });
  const host: Host = {
    get url() {
      return server.url;
    },
    freeze: () => server.freeze(),
  };
  testFrozenApplication('MariaDB of facts by SQL', () => host, {
    policy: policyOf(bySql, byFact),
  });
});

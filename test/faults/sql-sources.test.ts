import { createConnection, type Connection } from 'mysql2/promise';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { openSourceFacts, type SourceFacts } from '../facts/sql/source-facts.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../support/mariadb.ts';
import { reportSkipped } from '../support/skipped.ts';
import { hasPgBouncer, startPgBouncer } from './support/pgbouncer.ts';
import { query, startPostgres, type Postgres } from './support/postgres.ts';

const facts = `
facts:
  member:
    ids: [project]
    fields: { role: string }
    sql: { source: shop, query: 'SELECT role FROM members WHERE project_id = :project' }
`;
const tables = `CREATE TABLE members (project_id bigint PRIMARY KEY, role varchar(20));
  INSERT INTO members VALUES (8, 'editor')`;

/** Expectations for every source while its server is frozen. */
function testFrozenServer(at: () => SourceFacts, freeze: () => Promise<() => void>): void {
  it('responds 503 within a limited time while the server is frozen, and finds facts again afterwards', async () => {
    const { find } = at();
    expect(await find('member', '8')).toEqual({ role: 'editor' });
    const resume = await freeze();
    // All threads of a process need some time to stop.
    await expect
      .poll(() => find('member', '8').catch(() => 'not answered'), { timeout: 20_000 })
      .toBe('not answered');
    const since = performance.now();
    const ends: number[] = [];
    const sendRequest = async (project: number) => {
      const result = await find('member', String(project)).catch((error: unknown) => error);
      ends.push(performance.now() - since);
      return result;
    };
    try {
      const results = await Promise.all(
        Array.from({ length: 300 }, (_, i) => sendRequest(i + 100)),
      );
      expect(results.every((result) => result instanceof Unavailable)).toBe(true);
      // Queued requests wait no longer than open ones.
      expect(Math.max(...ends)).toBeLessThan(10_000);
    } finally {
      resume();
    }
    await expect
      .poll(() => find('member', '8').catch(() => 'not yet'), { timeout: 20_000 })
      .toEqual({ role: 'editor' });
  });
}

describe('a source on PostgreSQL', () => {
  let [postgres, opened]: [Postgres?, SourceFacts?] = [];
  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.query(tables);
    opened = await openSourceFacts(postgres.url, facts);
  });
  afterAll(async () => {
    await opened?.hosts.close();
    await postgres?.remove();
  });
  testFrozenServer(
    () => opened!,
    () => postgres!.freeze(),
  );

  it('repeats the query on a new connection if the server closed the old ones', async () => {
    for (let round = 0; round < 3; round += 1) {
      expect(await opened!.find('member', '8')).toEqual({ role: 'editor' });
      await postgres!.cutConnections();
    }
    expect(await opened!.find('member', '8')).toEqual({ role: 'editor' });
  });

  it('finds facts again when the server has restarted', async () => {
    await postgres!.stop();
    await expect(opened!.find('member', '8')).rejects.toThrow(Unavailable);
    await postgres!.start();
    await expect
      .poll(() => opened!.find('member', '8').catch(() => 'not yet'), { timeout: 20_000 })
      .toEqual({ role: 'editor' });
  });

  describe.skipIf(!hasPgBouncer)('behind PgBouncer in transaction mode', () => {
    it('finds facts, and leaves no settings on sessions of other clients', async () => {
      const settings = 'pool_mode = transaction\ndefault_pool_size = 2';
      const bouncer = await startPgBouncer(postgres!.url, settings);
      const behind = await openSourceFacts(bouncer.url, facts);
      try {
        const pending = Array.from({ length: 200 }, (_, i) =>
          behind.find('member', String(i % 10)),
        );
        const found = await Promise.all(pending);
        expect(found.map((fact) => fact?.['role'])).toEqual(
          pending.map((_, i) => (i % 10 === 8 ? 'editor' : undefined)),
        );
        // A session that the pooler gives to the next client.
        expect(
          await query(
            bouncer.url,
            `SELECT current_setting('default_transaction_read_only') AS "readOnly",
               current_setting('statement_timeout') AS "timeout"`,
          ),
        ).toEqual([{ readOnly: 'off', timeout: '0' }]);
      } finally {
        await behind.hosts.close();
        await bouncer.stop();
      }
    });
  });
});

if (!hasPgBouncer) {
  reportSkipped('pgbouncer', 'pgbouncer is not installed; sources behind it are not tested');
}
reportMariadb('a frozen MariaDB as a source is not tested');

describeMariadb('a source on MariaDB', () => {
  const server = useMariadb();
  let [opened, admin]: [SourceFacts?, Connection?] = [];
  beforeAll(async () => {
    admin = await createConnection(server.url);
    for (const statement of tables.split(';')) await admin.query(statement);
    opened = await openSourceFacts(server.url, facts);
  });
  afterAll(async () => {
    await opened?.hosts.close();
    admin?.destroy();
  });
  testFrozenServer(
    () => opened!,
    () => server.freeze(),
  );
});

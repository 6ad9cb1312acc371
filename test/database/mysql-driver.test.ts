import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createApplicationDatabase } from '../../src/database/application/application-database.ts';
import { createSqlDatabase } from '../../src/database/sql/sql-database.ts';
import { mysqlStatement } from '../../src/database/sql/mysql-statement.ts';
import { readStatement } from '../../src/policy/sql/read-statement.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { describeMariadb, reportMariadb, useMariadb } from '../support/mariadb.ts';

reportMariadb('servers with certificates, and with other defaults for sessions, are not tested');

/** A client of Usher for the databases of the application. */
interface Client {
  /** The values of `v` in the rows that have this key. */
  readonly find: (key: string) => Promise<readonly unknown[]>;
  readonly close: () => Promise<void>;
}

describeMariadb('a server whose sessions begin without autocommit and in latin1', () => {
  const server = useMariadb();
  let clients: readonly Client[] = [];
  beforeAll(async () => {
    await server.admin.query(`CREATE TABLE seats (k varchar(20), v varchar(20)) CHARSET utf8mb4`);
    await server.admin.query(`CREATE USER reader@127.0.0.1`);
    await server.admin.query(`GRANT SELECT ON shop.* TO reader@127.0.0.1`);
    await server.admin.query(`SET GLOBAL init_connect = 'SET NAMES latin1, autocommit = 0'`);
    const url = new Secret(server.url.replace('root', 'reader'));
    clients = [factsOf(url), sessionsOf(url)];
  }, 120_000);
  afterAll(() => Promise.all(clients.map((client) => client.close())));
  const put = (key: string, value: string) =>
    server.admin.query('INSERT INTO seats VALUES (?, ?)', [key, value]);
  const findAll = (key: string) => Promise.all(clients.map((client) => client.find(key)));

  it('returns the current rows to each lookup, not those of the first one', async () => {
    await put('8', 'taken');
    expect(await findAll('8')).toEqual([['taken'], ['taken']]);
    await server.admin.query('DELETE FROM seats');
    expect(await findAll('8')).toEqual([[], []]);
  });

  it('keeps every character of ids and of values', async () => {
    await put('ä🛎', 'ö🎭');
    await put('ä?', 'another');
    expect(await findAll('ä🛎')).toEqual([['ö🎭'], ['ö🎭']]);
  });
});

describeMariadb('a server with a certificate', () => {
  const directory = mkdtempSync(join(tmpdir(), 'usher-tls-'));
  const [certificate, key] = [join(directory, 'certificate.pem'), join(directory, 'key.pem')];
  const makeCertificate = (host: string) => {
    const { status, stderr } = spawnSync('openssl', [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1', '-subj', `/CN=${host}`],
      ...['-addext', `subjectAltName=DNS:${host}`, '-keyout', key, '-out', certificate],
    ]);
    if (status !== 0) throw new Error(`No certificate: ${String(stderr)}`);
  };
  beforeAll(() => {
    makeCertificate('localhost');
  });
  const server = useMariadb([`--ssl-cert=${certificate}`, `--ssl-key=${key}`]);
  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  it.each([
    ['facts', (url: Secret) => factsOf(url)],
    ['sessions', (url: Secret) => sessionsOf(url)],
  ] as const)('is used for %s only if the certificate is for its host', async (_name, open) => {
    await server.admin.query('CREATE OR REPLACE TABLE seats (k varchar(20), v varchar(20))');
    const tls = `?ssl-mode=VERIFY_IDENTITY&ssl-ca=${certificate}`;
    const url = new Secret(server.url.replace('127.0.0.1', 'localhost') + tls);
    const query = async () => {
      const client = open(url);
      try {
        return await client.find('8');
      } finally {
        await client.close();
      }
    };
    expect(await query()).toEqual([]);
    makeCertificate('other.example');
    await server.admin.query('FLUSH SSL');
    await expect(query()).rejects.toMatchObject({
      cause: { message: expect.stringMatching(/certificate is for another host name/) as string },
    });
    makeCertificate('localhost');
    await server.admin.query('FLUSH SSL');
    expect(await query()).toEqual([]);
  });
});

function factsOf(url: Secret): Client {
  const database = createSqlDatabase({ dependency: 'shop', kind: 'mysql', url, ...systemClock });
  const query = readStatement('SELECT v FROM seats WHERE k = :key', 'mysql', ['key']);
  const statement = mysqlStatement(query);
  return {
    find: async (key) => {
      const response = await database.execute({
        statement,
        values: statement.binds.map(() => key),
      });
      return response === 'impossible-value' ? [response] : response.rows.flat();
    },
    close: database.close,
  };
}

function sessionsOf(url: Secret): Client {
  const host = createApplicationDatabase({ url, timeZone: 'UTC' });
  return {
    find: async (key) => {
      const row = await host.findRow<{ v: string }>('SELECT v FROM seats WHERE k = $1', [key]);
      return row === undefined ? [] : [row.v];
    },
    close: host.close,
  };
}

import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { prepareDatabase } from '../../src/database/prepare-database.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { openSourceFacts } from '../facts/sql/source-facts.ts';
import { reportSkipped } from '../support/skipped.ts';
import { hasPgpool, startPgpool } from './support/pgpool.ts';
import { query, startPostgres, type Postgres } from './support/postgres.ts';
import { startService } from './support/service.ts';

if (!hasPgpool) reportSkipped('pgpool', 'pgpool is not installed; its tests do not run');

describe.skipIf(!hasPgpool)('Pgpool-II in front of PostgreSQL', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
    await postgres.query(`ALTER DATABASE postgres SET timezone = 'America/Los_Angeles'`);
  });
  afterAll(() => postgres.remove());
  const start = async (settings?: string) => {
    const pool = await startPgpool(postgres.url, settings);
    onTestFinished(pool.stop);
    return pool.url;
  };

  it('is refused if it sends reads of Usher to another server', async () => {
    const url = await start();
    await expect(prepareDatabase(new Secret(url))).rejects.toMatchObject({
      name: 'StartRefused',
      message: expect.stringContaining('app_name_redirect_preference_list') as unknown,
    });
    expect(await postgres.query(`SELECT FROM pg_namespace WHERE nspname = 'usher'`)).toEqual([]);
  });

  it('works if it sends all statements of Usher to the primary', async () => {
    const url = await start(`app_name_redirect_preference_list = 'usher.*:primary'`);
    const usher = await startService({ DATABASE_URL: url });
    await usher.stop();
  });

  it('applies the settings of Usher to reads of a source at every server', async () => {
    const url = await start();
    const facts = `
facts:
  session:
    ids: [project]
    fields: { zone: string, limit: string, read_only: string }
    sql:
      source: shop
      query: |
        SELECT current_setting('TimeZone') AS zone, current_setting('statement_timeout') AS limit,
          current_setting('transaction_read_only') AS read_only
        FROM (VALUES (8)) AS projects(id) WHERE id = :project
`;
    const { find, hosts } = await openSourceFacts(url, facts);
    onTestFinished(() => hosts.close());
    expect(await find('session', '8')).toEqual({ zone: 'UTC', limit: '1500ms', read_only: 'on' });
    // The next client.
    expect(await query(url, 'SHOW statement_timeout')).toEqual([{ statement_timeout: '0' }]);
  });
});

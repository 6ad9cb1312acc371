import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createDatabase } from '../../../src/database/client.ts';
import { prepareDatabase } from '../../../src/database/prepare-database.ts';
import { serviceRole } from '../../../src/database/row-level-security/service-role.ts';
import { createPushedFacts } from '../../../src/facts/pushed-facts.ts';
import { escrow } from '../../support/fact-kinds.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import { StartRefused } from '../../../src/runtime/start-refused.ts';
import { describePostgres, useDatabase, withClient } from '../../support/database.ts';
import type { Instance } from '../../support/instance.ts';
import { startInstance } from '../../support/instance.ts';

/** Creates a login and its empty database; both are dropped after `use`. */
async function withLogin(
  server: { readonly url: string },
  attributes: string,
  use: (url: Secret, login: string) => Promise<void>,
): Promise<void> {
  const name = `usher_login_${randomBytes(6).toString('hex')}`;
  const password = randomBytes(16).toString('hex');
  await withClient(server.url, async (admin) => {
    await admin.query(`CREATE ROLE ${name} LOGIN PASSWORD '${password}' ${attributes}`);
    await admin.query(`CREATE DATABASE ${name} OWNER ${name} TEMPLATE template0`);
    const url = new URL(server.url);
    [url.pathname, url.username, url.password] = [`/${name}`, name, password];
    try {
      await use(new Secret(url.href), name);
    } finally {
      await admin.query(`DROP DATABASE ${name} WITH (FORCE)`);
      await admin.query(`DROP ROLE ${name}`);
    }
  });
}

const rolesOfConnections = async (url: Secret, role: string | undefined) => {
  const database = createDatabase({ url, role });
  try {
    const facts = createPushedFacts(database);
    await facts.put(escrow, ['a', 'E'], { buyer_id: 'b', seller_id: 's', status: 'OPEN' });
    expect(await facts.find(escrow, ['a', 'E'], {})).toBeDefined();
    expect(await database.query((prisma) => prisma.fact.findMany())).toEqual([]);
    return await database.query(
      (prisma) => prisma.$queryRaw<{ who: string }[]>`SELECT current_user::text AS who`,
    );
  } finally {
    await database.close();
  }
};

describePostgres('the role of the service', (server) => {
  const at = useDatabase(server);

  it('may read every table of ours, and no role may change or empty the audit tables', async () => {
    const { rows } = await withClient(at.url, (admin) =>
      admin.query<{ name: string; read: boolean; change: boolean }>(`
        SELECT tablename AS name, has_table_privilege('${serviceRole}', tablename::text, 'SELECT') AS read,
          has_table_privilege('${serviceRole}', tablename::text, 'UPDATE, TRUNCATE') AS change
        FROM pg_tables WHERE schemaname = 'usher' AND tablename <> '_prisma_migrations'`),
    );
    expect(rows.filter(({ read }) => !read)).toEqual([]);
    const audit = rows.filter(({ name }) => ['audit_log', 'security_events'].includes(name));
    expect(audit.map(({ change }) => change)).toEqual([false, false]);
  });

  it('is not needed by an ordinary login that may not assume it: the policies apply to the owner', () =>
    withLogin(server, '', async (url, login) => {
      const { role } = await prepareDatabase(url);
      expect(role).toBeUndefined();
      expect(await rolesOfConnections(url, role)).toEqual([{ who: login }]);
    }));

  it('is assumed by an ordinary login that is a member', () =>
    withLogin(server, '', async (url, login) => {
      await withClient(server.url, (admin) => admin.query(`GRANT ${serviceRole} TO ${login}`));
      const { role } = await prepareDatabase(url);
      expect(role).toBe(serviceRole);
      expect(await rolesOfConnections(url, role)).toEqual([{ who: serviceRole }]);
    }));

  it('is assumed by a login that bypasses the policies, if it may', () =>
    withLogin(server, 'BYPASSRLS', async (url, login) => {
      await withClient(server.url, (admin) => admin.query(`GRANT ${serviceRole} TO ${login}`));
      const { role } = await prepareDatabase(url);
      expect(await rolesOfConnections(url, role)).toEqual([{ who: serviceRole }]);
    }));

  it('is required of a login that bypasses the policies', () =>
    withLogin(server, 'BYPASSRLS', async (url, login) => {
      const error: unknown = await prepareDatabase(url).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StartRefused);
      expect(String(error)).toContain('bypasses row-level security');
      expect(String(error)).not.toContain(login);
    }));
});

describe('the role of the service in a new cluster', () => {
  let instance: Instance;
  const onCluster = (statement: string) =>
    withClient(instance.server.url, (admin) => admin.query(statement));

  beforeAll(async () => {
    instance = await startInstance();
  });
  beforeEach(async () => {
    await onCluster(`DROP ROLE IF EXISTS ${serviceRole}`);
  });
  afterAll(() => instance.close());

  it('is created once by many databases that start at the same time', async () => {
    const names = Array.from({ length: 6 }, (_, i) => `race_${String(i)}`);
    const urls = names.map((name) => {
      const url = new URL(instance.server.url.reveal());
      url.pathname = `/${name}`;
      return new Secret(url.href);
    });
    for (const name of names) await onCluster(`CREATE DATABASE ${name}`);
    const prepared = await Promise.all(urls.map((url) => prepareDatabase(url)));
    expect(prepared.map(({ role }) => role)).toEqual(names.map(() => serviceRole));
    const { rows } = await onCluster(
      `SELECT rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = '${serviceRole}'`,
    );
    expect(Object.values(rows[0] as object)).toEqual([false, false, false, false, false]);
    for (const name of names) await onCluster(`DROP DATABASE ${name}`);
  });

  it('is created and assumed by a login that may create roles', () =>
    withLogin({ url: instance.server.url.reveal() }, 'CREATEROLE', async (url, login) => {
      const { role } = await prepareDatabase(url);
      expect(await rolesOfConnections(url, role)).toEqual([{ who: serviceRole }]);
      await onCluster(`GRANT ${serviceRole} TO CURRENT_USER`);
      expect((await prepareDatabase(url)).role).toBe(serviceRole);
      expect(login).not.toBe(serviceRole);
    }));

  it('is not needed by a login that may not create roles: the policies apply to that login', () =>
    withLogin({ url: instance.server.url.reveal() }, 'NOCREATEROLE', async (url, login) => {
      const { role, applied } = await prepareDatabase(url);
      expect([role, applied.length > 0]).toEqual([undefined, true]);
      expect(await rolesOfConnections(url, role)).toEqual([{ who: login }]);
      expect((await prepareDatabase(url)).role).toBe(undefined);
    }));

  it('is required of a login that bypasses row-level security and may not create it; nothing is left', () =>
    withLogin({ url: instance.server.url.reveal() }, 'BYPASSRLS', async (url) => {
      await expect(prepareDatabase(url)).rejects.toThrow('bypasses row-level security');
      const { rows } = await withClient(url, (admin) =>
        admin.query(`SELECT nspname FROM pg_namespace WHERE nspname = 'usher'`),
      );
      expect(rows).toEqual([]);
    }));

  it('may not bypass the policies itself', () =>
    withLogin({ url: instance.server.url.reveal() }, '', async (url, login) => {
      await onCluster(`CREATE ROLE ${serviceRole} BYPASSRLS ROLE ${login}`);
      const error: unknown = await prepareDatabase(url).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(StartRefused);
      expect(String(error)).toContain(`The role ${serviceRole} bypasses row-level security`);
    }));
});

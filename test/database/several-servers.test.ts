import { expect, it } from 'vitest';
import { createDatabase } from '../../src/database/client.ts';
import { startListening } from '../../src/database/notifications/listener.ts';
import { prepareDatabase } from '../../src/database/prepare-database.ts';
import { createPushedFacts } from '../../src/facts/pushed-facts.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { booking } from '../support/fact-kinds.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { createTestDatabase, describePostgres, withClient } from '../support/database.ts';

describePostgres('a DATABASE_URL of several servers', (server) => {
  const applicationOf = (url: URL) => url.searchParams.get('host') ?? url.hostname;
  /** This database at a host where nothing listens, and at its own. */
  const severalOf = (url: string): Secret => {
    const several = new URL(url);
    const port = several.port || '5432';
    several.searchParams.set('host', `127.0.0.1,${applicationOf(several)}`);
    several.searchParams.set('port', `1,${port}`);
    return new Secret(several.href);
  };

  it('uses a server that responds, at start and for each connection', async () => {
    const at = await createTestDatabase(server, 'template0');
    const url = severalOf(at.url.reveal());
    const { role } = await prepareDatabase(url);
    const database = createDatabase({ url, role });
    const body = { status: 'open' };
    expect(await createPushedFacts(database).put(booking, ['h', 'B'], body)).toEqual(body);
    const found = Array.from({ length: 20 }, () =>
      createPushedFacts(database).find(booking, ['h', 'B'], {}),
    );
    expect(new Set((await Promise.all(found)).map((one) => one?.['status']))).toEqual(
      new Set(['open']),
    );
    await database.close();
    await at.drop();
  });

  it.each([
    ['at the one that responds, without a warning', false],
    ['and warns if none responds', true],
  ])('listens for changes %s', async (_what, isDown) => {
    const at = await createTestDatabase(server);
    const url = severalOf(at.url.reveal());
    const nowhere = new Secret('postgres://u@127.0.0.1:1,127.0.0.1:2/db');
    const warned: string[] = [];
    const listener = startListening({
      ...systemClock,
      url: isDown ? nowhere : url,
      onChange: () => undefined,
      catchUp: () => Promise.resolve(),
      log: { warn: (_about, message) => warned.push(message) },
    });
    await expect
      .poll(() => listener.isListening() || warned.length > 0, { timeout: 30_000 })
      .toBe(true);
    expect([listener.isListening(), warned.length > 0]).toEqual([!isDown, isDown]);
    await listener.stop();
    await at.drop();
  });

  it('reports the reason of each server if none accepts writes', async () => {
    const at = await createTestDatabase(server);
    const name = new URL(at.url.reveal()).pathname.slice(1);
    await withClient(server.url, (admin) =>
      admin.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`),
    );
    await expect(prepareDatabase(severalOf(at.url.reveal()))).rejects.toThrow('accepts no writes');
    await at.drop();
  });
});

it.each([
  [
    'sslmode=verify-full&sslrootcert=/nonexistent/ca.pem',
    'sslrootcert, sslcert or sslkey cannot be read',
  ],
])('explains why a URL with %s cannot be used', async (query, words) => {
  const url = new Secret(`postgres://u:private@127.0.0.1:1/db?${query}`);
  const error: unknown = await prepareDatabase(url).catch((thrown: unknown) => thrown);
  expect(String((error as Error).cause)).toContain(words);
});

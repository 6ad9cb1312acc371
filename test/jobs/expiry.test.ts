import { expect, it } from 'vitest';
import { createEndConnections } from '../../src/authorize/revocation/end-connections.ts';
import { createTrackedConnections } from '../../src/database/repositories/tracked-connections.ts';
import { startExpiryJob } from '../../src/jobs/expiry.ts';
import { useDatabase, withClient } from '../support/database.ts';
import { createTestClock } from '../support/test-clock.ts';
import { testNow } from '../support/tokens.ts';

const at = useDatabase();

it('terminates all connections whose credentials expire in the same second without a delay', async () => {
  const users = Number(process.env['ENDING_USERS'] ?? 500);
  await withClient(at.url, (client) =>
    client.query(
      `INSERT INTO live_grants
        (app_key, socket_id, user_id, principal, subjects, expires_at, granted_at, due_at)
       SELECT 'app-key', i || '.1', 'u' || i, '', '{}', to_timestamp($2), to_timestamp(0), to_timestamp($2)
       FROM generate_series(1, $1::int) AS i`,
      [users, testNow / 1000],
    ),
  );
  const time = createTestClock(testNow);
  const closing = new AbortController();
  const log = { info: () => undefined, warn: () => undefined };
  const trackedConnections = createTrackedConnections(at.database);
  const ended = new Set<string>();
  const started = performance.now();
  await new Promise<void>((resolve) => {
    const terminate = ({ userId }: { readonly userId: string }) => {
      if (ended.add(userId).size === users) resolve();
      return Promise.resolve();
    };
    const endConnections = createEndConnections({
      terminate,
      trackedConnections,
      log,
      now: () => time.now,
      policyOf: () => 'retried',
      closing: closing.signal,
    });
    // The clock does not advance: no timer runs.
    const keeping = {
      trackedConnections,
      endConnections,
      ...time.clock,
      closing: closing.signal,
      log,
    };
    startExpiryJob(keeping);
  });
  console.log(`${users} users ended in ${Math.round(performance.now() - started)} ms`);
  closing.abort();
  expect(ended.size).toBe(users);
});

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withClient } from '../support/database.ts';
import { guestToken, startUsher, type TestUsher } from '../support/usher.ts';
import { send, guestRequest } from './requests.ts';

const fields = {
  channel_name: 'private-hotel-grand-hotel-guest-chat-booking-BK-9',
  token: guestToken({ booking_id: 'BK-9' }),
};

describe('two replicas with caches', () => {
  let replicas: readonly TestUsher[];
  beforeAll(async () => {
    const first = await startUsher();
    replicas = [first, await startUsher({ DATABASE_URL: first.database.reveal() })];
  });
  afterAll(async () => {
    for (const replica of [...replicas].reverse()) await replica.stop();
  });

  const enters = async (replica: TestUsher) =>
    (await send(replica.public, guestRequest({ fields }))).status;

  /** Sends the requests of all users repeatedly until it is stopped. Returns how many were granted. */
  function requestRepeatedly() {
    let isOver = false;
    let granted = 0;
    const requestFrom = async (replica: TestUsher) => {
      while (!isOver) if ((await enters(replica)) === 200) granted += 1;
    };
    const done = Promise.all([...replicas, ...replicas, ...replicas].map(requestFrom));
    return async () => {
      isOver = true;
      await done;
      return granted;
    };
  }

  it('refuse a cancelled booking immediately under load, and record each grant', async () => {
    const [first] = replicas;
    await withClient(first!.database, async (host) => {
      await host.query(
        `INSERT INTO bookings (hotel_slug, booking_id, status) VALUES ('grand-hotel', 'BK-9', 'open')`,
      );
      const stop = requestRepeatedly();
      let granted = 0;
      for (let round = 0; round < 40; round += 1) {
        const status = round % 2 === 0 ? 'cancelled' : 'open';
        // Like an application that writes to the database directly.
        await host.query(`UPDATE bookings SET status = $1 WHERE booking_id = 'BK-9'`, [status]);
        const responses = await Promise.all(replicas.map(enters));
        expect(responses).toEqual(Array(2).fill(status === 'open' ? 200 : 403));
        granted += responses.filter((response) => response === 200).length;
      }
      granted += await stop();
      const { rows } = await host.query(
        `SELECT count(*)::int AS granted FROM audit_log WHERE outcome = 'grant'`,
      );
      expect(rows).toEqual([{ granted }]);
    });
  });
});

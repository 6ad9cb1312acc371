import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import type { Usher } from '../e2e/support/usher.ts';
import { expectNoForbiddenGrant } from './support/expectations.ts';
import { injectFault } from './support/outage.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { report, seconds } from './support/report.ts';
import { startService } from './support/service.ts';

interface Fault {
  readonly fault: string;
  /** Injects the fault, and returns the function that ends it. */
  readonly inject: (postgres: Postgres) => Promise<() => Promise<void>>;
}

const faults: readonly Fault[] = [
  {
    fault: 'PostgreSQL stopped for 6 s',
    inject: async (postgres) => {
      await postgres.stop();
      return postgres.start;
    },
  },
  {
    fault: 'PostgreSQL killed (SIGKILL), started after 6 s',
    inject: async (postgres) => {
      await postgres.kill();
      return postgres.start;
    },
  },
  {
    fault: 'PostgreSQL frozen (SIGSTOP) for 6 s',
    inject: async (postgres) => {
      const resume = await postgres.freeze();
      return () => {
        resume();
        return Promise.resolve();
      };
    },
  },
  {
    fault: 'all connections to PostgreSQL closed, four times a second for 6 s',
    inject: (postgres) => {
      const interval = setInterval(() => void postgres.cutConnections(), 250);
      return Promise.resolve(async () => {
        clearInterval(interval);
        await postgres.cutConnections();
      });
    },
  },
];

describe('PostgreSQL fails during requests', () => {
  let postgres: Postgres;
  let usher: Usher;
  beforeAll(async () => {
    postgres = await startPostgres();
    usher = await startService({ DATABASE_URL: postgres.url });
  });
  afterAll(async () => {
    await usher.stop();
    await postgres.remove();
  });

  it.each(faults)('$fault', async ({ fault, inject }) => {
    const outage = await injectFault(usher, () => inject(postgres));
    const lost = await expectNoForbiddenGrant(outage, postgres);
    // Only grants, and 503.
    expect(new Set(outage.requests.map(({ status }) => status))).toEqual(new Set([200, 503]));
    report({ fault, clientsSaw: outage.clientsSaw, lost, recovery: seconds(outage.recovery) });
  });
});

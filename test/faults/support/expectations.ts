import { join } from 'node:path';

import { expect } from 'vitest';

import { embeddedUrl } from '../../e2e/support/audit.ts';
import type { Usher } from '../../e2e/support/usher.ts';
import type { Outage } from './outage.ts';
import { query } from './postgres.ts';
import type { SentRequest } from './traffic.ts';

/** A source of the rows of `audit_log`. */
export interface AuditRows {
  readonly query: <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>;
}

/** The rows in the database that this Usher embeds. */
export function embeddedRows({ dataDir }: Usher): AuditRows {
  return {
    query: async (text, values) =>
      query(await embeddedUrl(join(dataDir, 'postgres')), text, values),
  };
}

/**
 * Expectations for every outage: requests without valid credentials get nothing, the probe responds, no request gets 500,
 * and each grant that a client received has its row. Resolves to a summary of the grants.
 */
export async function expectNoForbiddenGrant(
  {
    requests: request,
    unauthenticated,
    probes,
  }: Pick<Outage, 'requests' | 'unauthenticated' | 'probes'>,
  rows: AuditRows,
): Promise<string> {
  expect(unauthenticated.filter(({ signed }) => signed)).toEqual([]);
  expect(new Set(probes.map(({ status }) => status))).toEqual(new Set([200]));
  expect([...request, ...unauthenticated].filter(({ status }) => status === 500)).toEqual([]);
  return expectEveryGrantKept(request, rows);
}

/** Each grant that a client received has its row, or the test fails; resolves to how many there were, in words. */
export async function expectEveryGrantKept(
  requests: readonly SentRequest[],
  { query }: AuditRows,
): Promise<string> {
  const granted = requests.filter(({ signed }) => signed).map(({ decisionId }) => decisionId);
  const missing = await query(
    `SELECT id FROM unnest($1::text[]) AS granted(id)
     WHERE NOT EXISTS (SELECT FROM audit_log WHERE decision_id = granted.id AND outcome = 'grant')`,
    [granted],
  );
  expect(missing).toEqual([]);
  return `0 of ${granted.length} grants`;
}

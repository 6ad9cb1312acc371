import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client } from 'pg';

import { urlOf } from '../../../src/database/embedded/listen-address.ts';
import { readPidFile } from '../../../src/database/embedded/pid-file.ts';
import { Secret } from '../../../src/runtime/secret.ts';
import type { Usher } from './usher.ts';

/** The row of one decision in `audit_log`, and the signals of its rows in `security_events`. */
export interface AuditRow {
  readonly action: string;
  readonly outcome: string;
  readonly code: string | null;
  readonly channel: string | null;
  readonly principal_id: string | null;
  readonly tenant_id: string | null;
  readonly address: string;
  readonly signals: readonly string[];
}

const rowOf = `
  SELECT action, outcome, code, channel, principal_id, tenant_id, address,
    ARRAY(SELECT signal FROM security_events WHERE security_events.decision_id = audit_log.decision_id) AS signals
  FROM audit_log WHERE decision_id = $1`;

/** Reads the row of a decision out of the database that Usher embeds; throws when there is none. */
export async function auditRow({ dataDir }: Usher, decisionId: string | null): Promise<AuditRow> {
  const client = new Client({ connectionString: await embeddedUrl(join(dataDir, 'postgres')) });
  await client.connect();
  try {
    const { rows } = await client.query<AuditRow>(rowOf, [decisionId]);
    const [row] = rows;
    if (row === undefined) throw new Error(`No row in audit_log for decision ${decisionId}`);
    return row;
  } finally {
    await client.end();
  }
}

/** As the superuser: row-level security hides the rows from a connection without a tenant. */
export async function embeddedUrl(home: string): Promise<string> {
  const data = join(home, 'data');
  const pidFile = await readPidFile(data);
  if (pidFile === undefined) throw new Error('No embedded database runs');
  const password = new Secret(await readFile(join(home, 'password'), 'utf8'));
  return urlOf({ home, data, password }, pidFile.address).reveal();
}

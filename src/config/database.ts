import { readPostgresUrl } from '../database/postgres-url.ts';
import type { Secret } from '../runtime/secret.ts';
import type { SettingsReader } from './read.ts';

/** The database of Usher's own tables: a server, or the directory of an embedded one. */
export type DatabaseConfig = ({ readonly url: Secret } | { readonly dataDir: string }) & {
  readonly schema: string;
};

/** Values of libpq's `target_session_attrs` that may select a read-only server. */
const standbys: ReadonlySet<string> = new Set(['read-only', 'standby', 'prefer-standby']);

export function loadDatabase(read: SettingsReader): DatabaseConfig {
  const url = read.optional('DATABASE_URL');
  const schema = read.required('DATABASE_SCHEMA');
  if (url === undefined) return { dataDir: read.required('DATA_DIR'), schema };
  const { schema: named = schema, target = 'any' } = readPostgresUrl(url.reveal()) ?? {};
  if (standbys.has(target)) {
    read.problem('DATABASE_URL may select a standby; set its target_session_attrs=read-write');
  }
  // The URL of an application may be used unchanged: with Prisma it names the schema of the application.
  if (named !== schema && named !== 'public') {
    read.problem('DATABASE_URL names a schema; use DATABASE_SCHEMA instead');
  }
  return { url, schema };
}

import { Secret } from '../core/secret.ts';
import { StartRefused } from './start-refused.ts';

/** Settings that a connection has from its first statement on, so that none from the pool can lack them. */
export type SessionSettings = Readonly<Record<string, string>>;

/**
 * What every connection of ours has. TimeZone: the driver writes moments as UTC without a zone, so in a session of
 * another zone an expired row would still be valid. search_path: `"$user"` would come before `public`, where Prisma looks.
 * synchronous_commit: where the login or the database has it off, a decision on record, or a revocation, could be lost.
 */
export const everyConnection: SessionSettings = {
  TimeZone: 'UTC',
  search_path: 'public',
  synchronous_commit: 'on',
};

/**
 * The URL of our own database with these settings as PostgreSQL startup options.
 * Throws `StartRefused` when it asks for a schema other than `public`.
 */
export function withSettings(url: Secret, settings: SessionSettings): Secret {
  const { query } = split(url);
  if ((query.get('schema') ?? 'public') !== 'public') {
    throw new StartRefused(
      'DATABASE_URL names a schema; Usher keeps its tables in the schema "public".',
    );
  }
  return withOptions(url, settings);
}

/** The same database URL with these settings as startup options, after the URL's own options and so above them. */
export function withOptions(url: Secret, settings: SessionSettings): Secret {
  const { start, query } = split(url);
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  query.set('options', [query.get('options') ?? '', ...options].join(' ').trim());
  return new Secret(`${start}?${query.toString()}`);
}

/** Only the query is read: a URL of a unix socket (`postgres://user:word@/db?host=/run`) is none to `URL`. */
function split(url: Secret): { readonly start: string; readonly query: URLSearchParams } {
  const text = url.reveal();
  const mark = text.indexOf('?');
  if (mark < 0) return { start: text, query: new URLSearchParams() };
  return { start: text.slice(0, mark), query: new URLSearchParams(text.slice(mark + 1)) };
}

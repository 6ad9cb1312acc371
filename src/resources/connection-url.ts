import { Secret } from '../core/secret.ts';
import { StartRefused } from './start-refused.ts';

/** Settings that a connection has from its first statement on, so that none from the pool can lack them. */
export type SessionSettings = Readonly<Record<string, string>>;

/**
 * What every connection of ours has. TimeZone: the driver writes moments as UTC without a zone, so in a session of
 * another zone an expired row would still be valid. search_path: `"$user"` would come before `public`, where Prisma looks.
 */
export const everyConnection: SessionSettings = { TimeZone: 'UTC', search_path: 'public' };

/**
 * The same database URL with these settings as PostgreSQL startup options, after the URL's own options and so above them.
 * Throws `StartRefused` when it asks for a schema other than `public`.
 */
export function withSettings(url: Secret, settings: SessionSettings): Secret {
  // Only the query is read: a URL of a unix socket (`postgres://user:word@/db?host=/run`) is none to `URL`.
  const text = url.reveal();
  const mark = text.indexOf('?');
  const query = new URLSearchParams(mark < 0 ? '' : text.slice(mark + 1));
  if ((query.get('schema') ?? 'public') !== 'public') {
    throw new StartRefused(
      'DATABASE_URL names a schema; Usher keeps its tables in the schema "public".',
    );
  }
  const options = Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`);
  query.set('options', [query.get('options') ?? '', ...options].join(' ').trim());
  return new Secret(`${mark < 0 ? text : text.slice(0, mark)}?${query.toString()}`);
}

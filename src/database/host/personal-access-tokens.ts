import type { FindPersonalAccessToken } from '../../authn/personal-access-token.ts';
import type { HostDatabase } from './host-database.ts';

const milliseconds = (column: string) =>
  `(extract(epoch FROM ${column}::timestamptz) * 1000)::float8`;

/** Laravel's columns have no time zone. The connection uses the time zone of the host (`APP_TIMEZONE`). */
const tokenQuery = `
  SELECT token AS hash, tokenable_type AS "tokenableType", tokenable_id::text AS "tokenableId",
    ${milliseconds('created_at')} AS "createdAt", ${milliseconds('expires_at')} AS "expiresAt"
  FROM personal_access_tokens
  WHERE id = $1`;

export function createPersonalAccessTokens(host: HostDatabase): FindPersonalAccessToken {
  return (id) => host.findRow(tokenQuery, [id]);
}

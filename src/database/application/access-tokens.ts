import type { FindAccessToken } from '../../authn/passport.ts';
import type { ApplicationDatabase } from './application-database.ts';

interface StoredToken {
  readonly id: string;
  readonly userId: string | null;
  readonly state: string;
  readonly expiresAt: unknown;
}

/**
 * Reads `oauth_access_tokens` of Laravel Passport. The login needs SELECT on `id`, `user_id`, `revoked` and
 * `expires_at`.
 */
export function createAccessTokens(database: ApplicationDatabase): FindAccessToken {
  // A row whose `revoked` is null counts as revoked.
  const query = `
    SELECT ${database.selectId('id')} AS id, ${database.selectId('user_id')} AS ${database.quote('userId')},
      CASE WHEN NOT revoked THEN 'valid' ELSE 'revoked' END AS state,
      ${database.selectTime('expires_at')} AS ${database.quote('expiresAt')}
    FROM oauth_access_tokens
    WHERE id = $1`;
  return async (id) => {
    const row = await database.findRow<StoredToken>(query, [id]);
    // MySQL compares texts without regard to case and trailing spaces, unless the column has another collation.
    if (row?.id !== id) return undefined;
    const { userId, state, expiresAt } = row;
    return { id, userId, isRevoked: state !== 'valid', expiresAt: database.readTime(expiresAt) };
  };
}

import type { PersonalAccessToken, PersonalAccessTokens } from '../../authn/sanctum.ts';
import type { ApplicationDatabase } from './application-database.ts';

interface StoredToken {
  readonly id: string;
  readonly hash: string;
  readonly tokenableType: string;
  readonly tokenableId: unknown;
  readonly createdAt: unknown;
  readonly expiresAt: unknown;
}

/**
 * Reads `personal_access_tokens` of Laravel Sanctum. The login needs SELECT on `id`, `tokenable_type`, `tokenable_id`,
 * `token`, `expires_at` and `created_at`.
 */
export function createPersonalAccessTokens(database: ApplicationDatabase): PersonalAccessTokens {
  const query = (condition: string) => `
    SELECT ${database.selectId('id')} AS id, token AS hash, tokenable_type AS ${database.quote('tokenableType')},
      ${database.selectId('tokenable_id')} AS ${database.quote('tokenableId')},
      ${database.selectTime('created_at')} AS ${database.quote('createdAt')},
      ${database.selectTime('expires_at')} AS ${database.quote('expiresAt')}
    FROM personal_access_tokens
    WHERE ${condition}`;
  const [idQuery, hashQuery] = [query('id = $1'), query('token = $1')];
  const read = (row: StoredToken): PersonalAccessToken => ({
    ...row,
    createdAt: database.readTime(row.createdAt),
    expiresAt: database.readTime(row.expiresAt),
  });
  return {
    byId: async (id) => {
      const row = await database.findRow<StoredToken>(idQuery, [id]);
      // Both databases parse "007" as the integer 7, and MySQL also "7abc".
      return row?.id === id ? read(row) : undefined;
    },
    byHash: async (hash) => {
      const row = await database.findRow<StoredToken>(hashQuery, [hash]);
      return row && read(row);
    },
  };
}

interface Sample {
  readonly type: string;
  readonly holder: unknown;
}

/**
 * Reads the table as the service does, and a few of its rows. Returns why its tokens would be refused, or `undefined` if
 * they would not.
 */
export async function findTokenProblem(
  database: ApplicationDatabase,
  tokenableType: string,
): Promise<string | undefined> {
  const tokens = createPersonalAccessTokens(database);
  await Promise.all([tokens.byId('1'), tokens.byHash('')]);
  const sample = (condition: string, parameters: readonly string[]) =>
    database.findRow<Sample>(
      `SELECT tokenable_type AS type, ${database.selectId('tokenable_id')} AS holder
       FROM personal_access_tokens ${condition} LIMIT 1`,
      parameters,
    );
  const accepted = await sample('WHERE tokenable_type = $1', [tokenableType]);
  if (accepted?.type === tokenableType) {
    return typeof accepted.holder === 'string'
      ? undefined
      : 'its column tokenable_id is binary, which Usher cannot read as the id of a user';
  }
  const other = accepted ?? (await sample('', []));
  return other && `it has no token of SANCTUM_TOKENABLE_TYPE, but of ${JSON.stringify(other.type)}`;
}

/** A row of Laravel Sanctum's `personal_access_tokens`. Times are in milliseconds since the epoch. */
export interface PersonalAccessToken {
  /** SHA-256 of the token's secret part, in hex. */
  readonly hash: string;
  /** The class of the model that owns the token, such as `App\Models\User`, and its key. */
  readonly tokenableType: string;
  readonly tokenableId: string;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
}

/**
 * Finds a token by its id. Returns `undefined` if there is none and throws `Unavailable` if the host's database is
 * unavailable.
 */
export type FindPersonalAccessToken = (id: string) => Promise<PersonalAccessToken | undefined>;

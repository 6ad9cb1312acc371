/** A row of Laravel Sanctum's `personal_access_tokens`. Times are in milliseconds since the epoch. */
export interface PersonalAccessToken {
  readonly id: string;
  /** SHA-256 of the token without its id, in hex. */
  readonly hash: string;
  /** The class of the model that owns the token, such as `App\Models\User`, and its key. */
  readonly tokenableType: string;
  readonly tokenableId: unknown;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
}

/** Both functions return `undefined` if there is no such row, and throw `Unavailable` if the database does not respond. */
export interface PersonalAccessTokens {
  /** Finds a row by its whole id. */
  readonly byId: (id: string) => Promise<PersonalAccessToken | undefined>;
  /** Finds a row by its hash. */
  readonly byHash: (hash: string) => Promise<PersonalAccessToken | undefined>;
}

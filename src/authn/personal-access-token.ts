/** A row of Laravel Sanctum's `personal_access_tokens`; times in milliseconds since the epoch. */
export interface PersonalAccessToken {
  /** SHA-256 of the secret half, in hex. */
  readonly hash: string;
  /** The model that holds the token, such as `App\Models\User`, and its key. */
  readonly tokenableType: string;
  readonly tokenableId: string;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
}

/** Finds a token by its id; `undefined` when there is none, and `Unavailable` when the host could not answer. */
export type FindPersonalAccessToken = (id: string) => Promise<PersonalAccessToken | undefined>;

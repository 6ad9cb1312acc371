/** A row of `django_session`. `expireDate` is in milliseconds since the epoch. */
interface DjangoSession {
  readonly sessionData: string;
  readonly expireDate: number;
}

/** The columns of `auth_user` that Usher reads. `password` contains a salted hash. */
export interface DjangoUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly isActive: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
}

/**
 * The database of a Django host. Returns `undefined` if there is no such row and throws `Unavailable` if the database
 * is unavailable.
 */
export interface DjangoDatabase {
  readonly session: (key: string) => Promise<DjangoSession | undefined>;
  /** Integer and UUID keys are texts here, as in Django's sessions. */
  readonly user: (id: string) => Promise<DjangoUser | undefined>;
}

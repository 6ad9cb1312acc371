/** A row of `django_session`; `expireDate` in milliseconds since the epoch. */
export interface DjangoSession {
  readonly sessionData: string;
  readonly expireDate: number;
}

/** What Usher reads of a row of `auth_user`; `password` is the column, that is, a salted hash. */
export interface DjangoUser {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  readonly isActive: boolean;
  readonly isStaff: boolean;
  readonly isSuperuser: boolean;
}

/** The database of a Django host. `undefined` means that there is no such row; an outage throws `Unavailable`. */
export interface DjangoDatabase {
  readonly session: (key: string) => Promise<DjangoSession | undefined>;
  /** Integer and UUID keys are texts here, as Django writes them into its sessions. */
  readonly user: (id: string) => Promise<DjangoUser | undefined>;
}

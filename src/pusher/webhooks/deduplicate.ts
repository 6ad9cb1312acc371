/** Work that is done once, by one of any number of callers on all replicas. Throws `Unavailable`. */
export type Deduplicate = (text: string) => Promise<DeduplicationLease | 'under-way' | 'done'>;

/** The right to do the work. It ends after `lease` unless it is finished, so that the work of a process that ended is done again. */
export interface DeduplicationLease {
  /** The work is done, and is not done again until this moment, in milliseconds since the epoch. */
  readonly finish: (until: number) => Promise<void>;
  /** The work failed, and the next caller may do it. */
  readonly release: () => Promise<void>;
}

/** Milliseconds that a turn lasts; longer than the work can take, which waits for one statement of the database. */
export const leaseMs = 30_000;

/** Leases a task to one caller on all replicas. Throws `Unavailable`. */
export type Deduplicate = (text: string) => Promise<DeduplicationLease | 'under-way' | 'done'>;

/** The lease of a task. It expires after `leaseMs`, so that another process repeats the task of a process that exited. */
export interface DeduplicationLease {
  /** Marks the task as done until this time, in milliseconds since the epoch. */
  readonly finish: (until: number) => Promise<void>;
  /** Releases the task after a failure, so that the next caller may lease it. */
  readonly release: () => Promise<void>;
}

/** Longer than a task can take, which waits for one database statement. */
export const leaseMs = 30_000;

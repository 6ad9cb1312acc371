import type { Principal } from '../policy/principal.ts';

/** Where and when a WebSocket was opened. */
export interface Opening {
  /** The path of the endpoint. */
  readonly endpoint: string;
  readonly channel?: string | undefined;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** An open WebSocket. Times are in milliseconds since the epoch. */
export interface OpenConnection extends Opening {
  readonly principal: Principal;
  readonly expiresAt: number;
  /** The time of the last revalidation; `undefined` before the first. */
  readonly recheckedAt: number | undefined;
}

/** The newest WebSockets of this process, and the number of all. */
export type ListOpenConnections = (limit: number) => {
  readonly total: number;
  readonly connections: readonly OpenConnection[];
};

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

/** An open WebSocket in the operator's list: without the attributes of its principal. */
export interface ListedConnection extends Omit<OpenConnection, 'principal'> {
  readonly principal: Pick<Principal, 'kind' | 'id' | 'tenantId'>;
}

/** The newest WebSockets, newest first, and the number of all. */
export interface ConnectionList {
  readonly total: number;
  readonly connections: readonly ListedConnection[];
}

/** Lists the WebSockets of this process. */
export type ListOpenConnections = (limit: number) => ConnectionList;

/** Lists the WebSockets of all workers. Throws `Unavailable`. */
export type ListAllConnections = (limit: number) => Promise<ConnectionList>;

import type { JsonObject } from '../../support/tokens.ts';
import { connectEcho, type EchoClient, type EchoSettings } from './clients.ts';
import type { Deployment } from './deployment.ts';

/** A user's page: its credentials, and what its Echo sends. */
export interface UserPage {
  /** Claims that differ from those of user 15 of tenant 1. */
  readonly claims?: JsonObject;
  /** The token instead of one with these claims; '' sends none. */
  readonly token?: string;
  /** `X-Tenant-ID`; '' sends none. */
  readonly tenant?: string;
  /** The path to which Echo sends its requests. */
  readonly path?: string;
  /** Responds in place of Usher. */
  readonly channelAuthorization?: EchoSettings['channelAuthorization'];
}

/** The pages of tenants' users, and the facts that their applications write to Usher. */
export interface TenantUsers {
  connect(page?: UserPage): EchoClient;
  /** An escrow of tenant 1 between users 15 and 16, for one test alone; its id. */
  newEscrow(status?: string): Promise<string>;
  putEscrow(escrowId: string, status: string): Promise<void>;
  /** Ends all connections. */
  close(): void;
}

export const buyer = { sub: '15', name: 'Bea' };
export const seller = { sub: '16', name: 'Sal' };
export const admin = { sub: '90', name: 'Ada', roles: ['admin'] };
/** A user of tenant 1 without escrows. */
export const otherUser = { sub: '17', name: 'Stan' };

/** Opens the pages of a deployment. */
export function openTenantUsers({ soketi, usher, tokens, put }: Deployment): TenantUsers {
  const open: EchoClient[] = [];
  let escrows = 0;
  const users: TenantUsers = {
    connect: ({ claims, token, tenant = '1', path, channelAuthorization } = {}) => {
      const bearerToken = token ?? tokens.user(claims);
      const headers = tenant === '' ? {} : { 'X-Tenant-ID': tenant };
      const client = connectEcho(soketi, {
        ...(bearerToken !== '' && { bearerToken }),
        authEndpoint: usher.publicUrl + (path ?? '/broadcasting/auth'),
        // New objects: Echo writes the token into them, and its defaults are shared by all instances.
        auth: { headers: { ...headers } },
        userAuthentication: {
          transport: 'ajax',
          endpoint: `${usher.publicUrl}/broadcasting/user-auth`,
          headers: { ...headers },
        },
        ...(channelAuthorization && { channelAuthorization }),
      });
      open.push(client);
      return client;
    },
    newEscrow: async (status = 'FUNDED') => {
      escrows += 1;
      const escrowId = String(escrows);
      await users.putEscrow(escrowId, status);
      return escrowId;
    },
    putEscrow: (escrowId, status) =>
      put(`/resources/tenants/1/escrows/${escrowId}`, {
        buyer_id: buyer.sub,
        seller_id: seller.sub,
        status,
      }),
    close: () => {
      for (const client of open.splice(0)) client.disconnect();
    },
  };
  return users;
}

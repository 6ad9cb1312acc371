import type { Secret } from '../runtime/secret.ts';
import type { PusherDialect } from './dialects.ts';

/** The settings of one Pusher app. */
export interface PusherApp {
  readonly appId: string;
  readonly key: string;
  readonly secret: Secret;
  readonly cluster?: string;
  /** The host of the HTTP API; it takes precedence over the cluster. */
  readonly host?: string;
  readonly port?: number;
  /** The path of a server behind a path, such as `/realtime`, without a `/` at the end. */
  readonly path?: string;
  readonly tls: boolean;
  /** 32 bytes in base64; without it the app has no private-encrypted channels. */
  readonly encryptionMasterKey?: Secret;
  readonly dialect: PusherDialect;
  /** False: Usher never terminates connections (`PUSHER_TERMINATE`). */
  readonly terminates?: boolean;
  /** The previous key: its signatures are accepted, but it does not sign. */
  readonly retiring?: { readonly key: string; readonly secret: Secret };
}

/** How often Usher may request the termination of one user's connections. */
export type TerminatePolicy = 'never' | 'once' | 'retried';

/**
 * Reverb 1.11 responds with 500 in common situations, and does so each time. With scaling its process exits at such a
 * request, so a retry would stop it again.
 */
export function terminatePolicyOf({
  dialect,
  terminates,
}: Pick<PusherApp, 'dialect' | 'terminates'>): TerminatePolicy {
  if (terminates === false) return 'never';
  return dialect === 'reverb' ? 'once' : 'retried';
}

/** An app for some tenants only. */
export interface TenantsApp {
  readonly tenants: readonly string[];
  readonly app: PusherApp;
}

/** How `user_info.id` is written: as text, or as a number, as Laravel writes integer keys. */
export type UserInfoIds = 'text' | 'number';

/** Differences between clients in the signed response. */
export interface SigningStyle {
  readonly userInfoIds: UserInfoIds;
  /** Whether a private channel with a member is signed with `channel_data`. */
  readonly privateMembers: 'on' | 'off';
}

/** True for 32 bytes in canonical base64. Node ignores invalid characters when it decodes. */
export function isMasterKey(text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === text;
}

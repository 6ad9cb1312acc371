import type { Secret } from '../runtime/secret.ts';

/** Which server speaks the Pusher protocol; they check the signature of a private channel differently. */
export const pusherDialects = ['pusher', 'soketi', 'reverb'] as const;

export type PusherDialect = (typeof pusherDialects)[number];

/** The settings of one Pusher app. */
export interface PusherApp {
  readonly appId: string;
  readonly key: string;
  readonly secret: Secret;
  readonly cluster?: string;
  /** The host of the HTTP API; it takes precedence over the cluster. */
  readonly host?: string;
  readonly port?: number;
  readonly tls: boolean;
  /** 32 bytes in base64; without it the app has no private-encrypted channels. */
  readonly encryptionMasterKey?: Secret;
  readonly dialect: PusherDialect;
  /** False when Usher must never request the end of connections from its server (`PUSHER_TERMINATE`). */
  readonly terminates?: boolean;
  /** The key that signed before this one: its signatures still count, and no new ones are made with it. */
  readonly retiring?: { readonly key: string; readonly secret: Secret };
}

/** How often Usher may request the end of one user's connections from a server. */
export type TerminatePolicy = 'never' | 'once' | 'retried';

/**
 * Reverb 1.11 answers 500 in common situations, and again each time. With scaling switched on its process ends at such a
 * request, so a second one would end it again.
 */
export function terminatePolicyOf({
  dialect,
  terminates,
}: Pick<PusherApp, 'dialect' | 'terminates'>): TerminatePolicy {
  if (terminates === false) return 'never';
  return dialect === 'reverb' ? 'once' : 'retried';
}

/** An app of its own for some tenants. */
export interface TenantsApp {
  readonly tenants: readonly string[];
  readonly app: PusherApp;
}

/**
 * True for the base64 text of 32 bytes, which a master key is, and for no other spelling of it:
 * Node decodes around any character it does not know.
 */
export function isMasterKey(text: string): boolean {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === text;
}

import type { PusherDialect } from '../core/pusher-app.ts';
import type { RevocationSubject } from '../core/revocation.ts';

/** What a revocation had an effect on, and what it could not have one on, by name. */
export type RevocationEffect =
  | { readonly effect: 'new-authorizations-refused' | 'tickets-refused' }
  | {
      readonly effect: 'websockets-closed';
      /** How many those were here; other replicas close theirs when they hear of it, which is at once. */
      readonly connections: number;
    }
  | {
      /** `pending`: the server has not said so yet; it is asked again until it does. */
      readonly effect: 'pusher-connections-ended' | 'pusher-connections-pending';
      readonly server: PusherDialect;
      readonly users: number;
    }
  | {
      /** Connections that this server cannot be told to end: they stay until they end by themselves. */
      readonly effect: 'pusher-connections-stay';
      readonly server: PusherDialect;
      readonly which: 'not signed in' | 'in no presence channel';
    };

/** What was found out while a revocation took effect. */
export interface Outcome {
  readonly webSockets: number;
  /** The users whose connections were to be ended; `server` is unknown of an app that is not configured any more. */
  readonly users: readonly {
    readonly server: PusherDialect | undefined;
    readonly ended: boolean;
  }[];
  readonly servers: readonly PusherDialect[];
}

/** Tells the effects of a revocation of this kind of subject. */
export function effectsOf(
  kind: RevocationSubject['kind'],
  { webSockets, users, servers }: Outcome,
): readonly RevocationEffect[] {
  // Only users have tickets, and only users and visitors, whom a user's revocation means too, have WebSockets.
  const ofUsers: readonly RevocationEffect[] =
    kind === 'user' || kind === 'token' || kind === 'tenant'
      ? [{ effect: 'tickets-refused' }, { effect: 'websockets-closed', connections: webSockets }]
      : [];
  const atServers = servers.flatMap((server): readonly RevocationEffect[] => {
    const here = users.filter((user) => user.server === server);
    const ended = here.filter((user) => user.ended).length;
    const pending = here.length - ended;
    return [
      ...(ended > 0 ? [{ effect: 'pusher-connections-ended', server, users: ended } as const] : []),
      ...(pending > 0
        ? [{ effect: 'pusher-connections-pending', server, users: pending } as const]
        : []),
      { effect: 'pusher-connections-stay', server, which: beyondReach[server] },
    ];
  });
  return [{ effect: 'new-authorizations-refused' }, ...ofUsers, ...atServers];
}

/** Whom a server does not find when it is told to end a user's connections. */
const beyondReach = {
  pusher: 'not signed in',
  soketi: 'not signed in',
  reverb: 'in no presence channel',
} as const satisfies Readonly<Record<PusherDialect, string>>;

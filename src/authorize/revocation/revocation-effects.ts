import type { PusherDialect } from '../../pusher/dialects.ts';
import type { TerminatePolicy } from '../../pusher/pusher-app.ts';
import { switchedOff, type EndOutcome } from './end-connections.ts';
import type { RevocationSubject } from './revocation.ts';

/** A named effect of a revocation, or a limitation of it. */
export type RevocationEffect =
  | { readonly effect: 'new-authorizations-refused' | 'tickets-refused' }
  | {
      readonly effect: 'websockets-closed';
      /** The number at this replica; other replicas close theirs when they are notified. */
      readonly connections: number;
    }
  | {
      /** `pending`: the server has not terminated them yet; Usher retries. */
      readonly effect: 'pusher-connections-ended' | 'pusher-connections-pending';
      readonly server: PusherDialect;
      readonly users: number;
    }
  | {
      /** The server did not terminate them and Usher does not retry: they stay open until they are closed. */
      readonly effect: 'pusher-connections-not-ended';
      readonly server: PusherDialect;
      readonly users: number;
      readonly why: string;
    }
  | {
      /** The server cannot terminate these, or `PUSHER_TERMINATE` is off: they stay open until they are closed. */
      readonly effect: 'pusher-connections-stay';
      readonly server: PusherDialect;
      readonly which: 'not signed in' | 'in no presence channel' | 'all';
      readonly why?: string;
    };

/** A configured kind of Pusher server. */
export interface PusherServer {
  readonly dialect: PusherDialect;
  readonly terminatePolicy: TerminatePolicy;
}

export interface Outcome {
  readonly webSockets: number;
  /** The users whose connections are to be terminated; without `server` for an app that is no longer configured. */
  readonly users: readonly {
    readonly server: PusherServer | undefined;
    /** `undefined` if the server has not responded in time. */
    readonly outcome: EndOutcome | undefined;
  }[];
  /** Without duplicates. */
  readonly servers: readonly PusherServer[];
}

export function effectsOf(
  kind: RevocationSubject['kind'],
  { webSockets, users, servers }: Outcome,
): readonly RevocationEffect[] {
  // Only users have tickets. A principal of a kind of the policy has WebSockets if it has bearer tokens, and guests have none.
  const mayBeUser = kind === 'user' || kind === 'token' || kind === 'tenant';
  const closed: RevocationEffect = { effect: 'websockets-closed', connections: webSockets };
  const atServers = servers.flatMap((server) => effectsAt(server, users));
  return [
    { effect: 'new-authorizations-refused' },
    ...(mayBeUser ? [{ effect: 'tickets-refused' } as const] : []),
    ...(mayBeUser || webSockets > 0 ? [closed] : []),
    ...atServers,
  ];
}

function effectsAt(
  { dialect: server, terminatePolicy }: PusherServer,
  users: Outcome['users'],
): readonly RevocationEffect[] {
  const effect = 'pusher-connections-stay';
  if (terminatePolicy === 'never') {
    return [{ effect, server, which: 'all', why: switchedOff }];
  }
  const outcomes = users
    .filter(
      (user) => user.server?.dialect === server && user.server.terminatePolicy === terminatePolicy,
    )
    .map(({ outcome }) => outcome ?? withoutResponse(terminatePolicy));
  const ended = outcomes.filter((outcome) => outcome === 'ended').length;
  const pending = outcomes.filter((outcome) => outcome === 'pending').length;
  const reasons = outcomes.flatMap((outcome) =>
    typeof outcome === 'object' ? [outcome.notEnded] : [],
  );
  return [
    ...(ended > 0 ? [{ effect: 'pusher-connections-ended', server, users: ended } as const] : []),
    ...(pending > 0
      ? [{ effect: 'pusher-connections-pending', server, users: pending } as const]
      : []),
    ...[...new Set(reasons)].map((why) => ({
      effect: 'pusher-connections-not-ended' as const,
      server,
      users: reasons.filter((reason) => reason === why).length,
      why,
    })),
    { effect, server, which: notIncluded[server] },
  ];
}

function withoutResponse(policy: TerminatePolicy): EndOutcome {
  return policy === 'once' ? { notEnded: 'no response yet' } : 'pending';
}

/** The connections that a server does not include when it terminates those of a user. */
const notIncluded = {
  pusher: 'not signed in',
  soketi: 'not signed in',
  reverb: 'in no presence channel',
  sockudo: 'not signed in',
} as const satisfies Readonly<Record<PusherDialect, string>>;

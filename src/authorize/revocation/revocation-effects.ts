import type { PusherDialect, TerminatePolicy } from '../../pusher/pusher-app.ts';
import { switchedOff, type EndOutcome } from './end-connections.ts';
import type { RevocationSubject } from './revocation.ts';

/** What a revocation had an effect on, and what it could not have one on, by name. */
export type RevocationEffect =
  | { readonly effect: 'new-authorizations-refused' | 'tickets-refused' }
  | {
      readonly effect: 'websockets-closed';
      /** How many those were here; other replicas close theirs when they hear of it, which is at once. */
      readonly connections: number;
    }
  | {
      /** `pending`: the server has not ended them yet; it is asked again. */
      readonly effect: 'pusher-connections-ended' | 'pusher-connections-pending';
      readonly server: PusherDialect;
      readonly users: number;
    }
  | {
      /** The server did not end them and is not asked again: they stay until they end by themselves. */
      readonly effect: 'pusher-connections-not-ended';
      readonly server: PusherDialect;
      readonly users: number;
      readonly why: string;
    }
  | {
      /** Connections that this server cannot end, or may not be asked to: they stay until they end by themselves. */
      readonly effect: 'pusher-connections-stay';
      readonly server: PusherDialect;
      readonly which: 'not signed in' | 'in no presence channel' | 'all';
      readonly why?: string;
    };

/** A kind of Pusher server that is configured. */
export interface PusherServer {
  readonly dialect: PusherDialect;
  readonly terminatePolicy: TerminatePolicy;
}

/** What was found out while a revocation took effect. */
export interface Outcome {
  readonly webSockets: number;
  /** The users whose connections were to be ended; `server` is unknown of an app that is not configured any more. */
  readonly users: readonly {
    readonly server: PusherServer | undefined;
    /** `undefined` when the server had not answered by the time that the answer left. */
    readonly outcome: EndOutcome | undefined;
  }[];
  /** Each once. */
  readonly servers: readonly PusherServer[];
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
  const atServers = servers.flatMap((server) => effectsAt(server, users));
  return [{ effect: 'new-authorizations-refused' }, ...ofUsers, ...atServers];
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
    .map(({ outcome }) => outcome ?? unanswered(terminatePolicy));
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
    { effect, server, which: beyondReach[server] },
  ];
}

/** What holds of a user about whom the server has not answered yet. */
function unanswered(policy: TerminatePolicy): EndOutcome {
  return policy === 'once' ? { notEnded: 'no answer yet' } : 'pending';
}

/** The connections that a server does not find in a request to end those of a user. */
const beyondReach = {
  pusher: 'not signed in',
  soketi: 'not signed in',
  reverb: 'in no presence channel',
} as const satisfies Readonly<Record<PusherDialect, string>>;

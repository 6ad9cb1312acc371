import type { Credential } from './credential.ts';
import type { Environment } from './environment.ts';
import type { Failure } from './post.ts';
import type { PusherLike } from './types.ts';
import type { Job } from './usher-auth.ts';

/** An attached connection. */
export interface Link {
  readonly pusher: PusherLike;
  openedAt: number;
  /** The number of times in a row that the server ended it soon after it opened. */
  endings: number;
  /** The generation of the credential of its last grant; undefined if it has none. */
  generation: number | undefined;
  /** True if it was opened again here, and has no grant since. */
  isReopened: boolean;
}

/** The close code of a connection that the server ended because it is not authorized (Pusher Channels protocol). */
const unauthorized = 4009;
/** Milliseconds after which an ending does not count as soon. */
const stable = 5_000;

/** Watches connections, and opens one again that the server ended with its credential: pusher-js never does. */
export function watchConnections({
  credential,
  delay,
  environment: { now, startTimer },
  signOut,
}: {
  readonly credential: Credential;
  readonly delay: (failures: number) => number;
  readonly environment: Environment;
  readonly signOut: (failure: Failure) => void;
}) {
  const links: Link[] = [];

  function attach(pusher: PusherLike): Link {
    const known = links.find((link) => link.pusher === pusher);
    if (known !== undefined) return known;
    const { connection } = pusher;
    const state = { endings: 0, generation: undefined, isReopened: false };
    const link: Link = { pusher, openedAt: now(), ...state };
    links.push(link);
    connection.bind('connected', () => {
      link.openedAt = now();
    });
    // pusher-js emits this error with the close code, and then goes to the state `disconnected`. The error of a message
    // `pusher:error` has its code elsewhere. Such a message does not close the connection.
    connection.bind('error', ({ error }: { error?: { data?: { code?: number } } | null }) => {
      if (error?.data?.code === unauthorized) ended(link);
    });
    return link;
  }

  function ended(link: Link): void {
    link.endings = now() - link.openedAt < stable ? link.endings + 1 : 0;
    reopenIn(delay(link.endings), link);
  }

  function reopenIn(milliseconds: number, link: Link): void {
    startTimer(milliseconds, () => void reopen(link));
  }

  async function reopen(link: Link): Promise<void> {
    const isClosed = () => link.pusher.connection.state === 'disconnected';
    if (!isClosed() || credential.isSignedOut) return;
    // Without a grant, the connection did not end with the credential.
    if (credential.canRefresh && link.generation === credential.generation) {
      try {
        if (!(await credential.refresh())) {
          signOut({ status: 401, message: 'The credential has ended' });
          return;
        }
      } catch {
        link.endings += 1;
        reopenIn(delay(link.endings), link);
        return;
      }
    }
    if (!isClosed()) return;
    link.isReopened = true;
    link.pusher.connect();
  }

  return {
    attach,
    find: (socketId: string) =>
      links.find(({ pusher }) => pusher.connection.socket_id === socketId),
    /** True if pusher-js still waits for the job, or its channel is still to be subscribed. */
    wants: ({ pusher }: Link, { socketId, channelName, isReported }: Job): boolean => {
      const { state, socket_id } = pusher.connection;
      if (state !== 'connected' || socket_id !== socketId) return false;
      if (channelName === undefined) return true;
      const channel = pusher.channel(channelName);
      return channel !== undefined && !(isReported && channel.subscriptionCancelled);
    },
    granted: (link: Link, { channelName, generation, isReported }: Job): void => {
      link.generation = generation;
      link.isReopened = false;
      const channel = link.pusher.channel(channelName ?? '');
      // After its error the channel is not pending. If the page leaves it now, pusher-js must tell the server.
      if (isReported && channel?.subscribed === false) channel.subscriptionPending = true;
    },
    /** Closes connections that were opened again in vain. */
    closeReopened: (): void => {
      for (const link of links) if (link.isReopened) link.pusher.disconnect();
    },
    reopenAll: (): void => {
      for (const { pusher } of links) {
        pusher.disconnect();
        pusher.connect();
      }
    },
  };
}

import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import { postForm, get } from '../../e2e/support/requests.ts';
import type { Usher } from '../../e2e/support/usher.ts';
import { booking, hotel, tokens } from './service.ts';

/** One request and its result; times in milliseconds since the epoch. */
export interface SentRequest {
  readonly from: number;
  readonly to: number;
  /** The status, or `none` if the connection ended without a response. */
  readonly status: number | 'none';
  /** Whether the response has a signature. */
  readonly signed: boolean;
  readonly decisionId: string | null;
}

/** Visitors who send requests continuously. */
export interface Traffic {
  /** All results so far. */
  readonly requests: readonly SentRequest[];
  /** Resolves when a request that is sent from now on has this status. */
  readonly nextIs: (status: SentRequest['status']) => Promise<SentRequest>;
  /** Resolves when this many requests were granted. */
  readonly granted: (count: number) => Promise<void>;
  /** Stops the visitors. Resolves when all requests have results. */
  readonly stop: () => Promise<void>;
}

/** Sends one request; throws if the connection ends without a response. */
export type SendRequest = () => ReturnType<typeof postForm>;

/** Requests of a guest for the chat of the booking. */
export function guestRequest(usher: Pick<Usher, 'publicUrl'>, token = tokens.guest()): SendRequest {
  return () =>
    postForm(`${usher.publicUrl}/api/guest/hotel/${hotel}/chat/pusher/auth?token=${token}`, {
      socket_id: `${randomInt(1e9)}.${randomInt(1e9)}`,
      channel_name: `private-hotel-${hotel}-guest-chat-booking-${booking}`,
    });
}

/** Requests to the operator's port. */
export function operatorRequest(
  { operatorUrl }: Pick<Usher, 'operatorUrl'>,
  path: string,
): SendRequest {
  return () => get(operatorUrl + path);
}

/** Starts visitors, each of which sends the next request this many milliseconds after the response. */
export function startTraffic(
  sendRequest: SendRequest,
  { visitors = 4, pause = 10 }: { readonly visitors?: number; readonly pause?: number } = {},
): Traffic {
  const requests: SentRequest[] = [];
  let stopped = false;
  const visit = async () => {
    while (!stopped) {
      requests.push(await attempt(sendRequest));
      await sleep(pause);
    }
  };
  const visits = Array.from({ length: visitors }, visit);
  return {
    requests,
    nextIs: async (status) => {
      const since = Date.now();
      for (;;) {
        const found = requests.find((each) => each.from >= since && each.status === status);
        if (found !== undefined) return found;
        await sleep(5);
      }
    },
    granted: async (count) => {
      while (requests.filter(({ signed }) => signed).length < count) await sleep(5);
    },
    stop: async () => {
      stopped = true;
      await Promise.all(visits);
    },
  };
}

async function attempt(sendRequest: SendRequest): Promise<SentRequest> {
  const from = Date.now();
  try {
    const { status, headers, text } = await sendRequest();
    const decisionId = headers.get('x-decision-id');
    return { from, to: Date.now(), status, signed: text.includes('"auth"'), decisionId };
  } catch {
    return { from, to: Date.now(), status: 'none', signed: false, decisionId: null };
  }
}

/** Describes the results: the number of each status, and the longest wait. */
export function seenBy(requests: readonly SentRequest[]): string {
  const counts = new Map<SentRequest['status'], number>();
  for (const { status } of requests) counts.set(status, (counts.get(status) ?? 0) + 1);
  const statuses = [...counts].map(([status, count]) => `${count} × ${status}`).sort();
  const longest = Math.max(...requests.map(({ from, to }) => to - from));
  return `${statuses.join(', ')}; longest wait ${(longest / 1000).toFixed(1)} s`;
}

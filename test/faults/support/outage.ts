import { setTimeout as sleep } from 'node:timers/promises';

import type { Usher } from '../../e2e/support/usher.ts';
import { tokens } from './service.ts';
import {
  type SentRequest,
  guestRequest,
  operatorRequest,
  type SendRequest,
  seenBy,
  startTraffic,
} from './traffic.ts';

/** Injects a fault, and returns the function that ends it. */
export type Inject = () => Promise<() => Promise<void>>;

/** The effect of a fault on requests. */
export interface Outage {
  /** All requests of visitors, before, during and after the fault. */
  readonly requests: readonly SentRequest[];
  /** Describes their results during the fault. */
  readonly clientsSaw: string;
  /** Milliseconds from the end of the fault to the first successful response. */
  readonly recovery: number;
  /** Requests with invalid tokens. */
  readonly unauthenticated: readonly SentRequest[];
  /** Requests to `/livez`. */
  readonly probes: readonly SentRequest[];
}

/** The request to send: by default that of a guest, for the chat. */
export interface OpenRequest {
  readonly sendRequest?: SendRequest;
  /** The status before the fault is injected (200): another one if the fault exists already. */
  readonly before?: number;
}

/** The duration of a fault, in milliseconds: longer than any timeout of a query. */
const faultLasts = 6_000;

/** Sends requests, injects the fault and ends it, and waits until a request that is sent afterwards has status 200. */
export async function injectFault(
  usher: Usher,
  inject: Inject,
  { sendRequest = guestRequest(usher), before = 200 }: OpenRequest = {},
): Promise<Outage> {
  const visitors = startTraffic(sendRequest);
  const unauthenticated = startTraffic(guestRequest(usher, tokens.guest({}, 'nobody')), {
    visitors: 1,
  });
  const probes = startTraffic(operatorRequest(usher, '/livez'), { visitors: 1 });
  await visitors.nextIs(before);
  const started = visitors.requests.length;
  const end = await inject();
  await sleep(faultLasts);
  const ended = Date.now();
  await end();
  const recovered = await visitors.nextIs(200);
  await Promise.all([visitors, unauthenticated, probes].map((each) => each.stop()));
  return {
    requests: visitors.requests,
    clientsSaw: seenBy(visitors.requests.slice(started).filter(({ from }) => from < ended)),
    recovery: recovered.to - ended,
    unauthenticated: unauthenticated.requests,
    probes: probes.requests,
  };
}

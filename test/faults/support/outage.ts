import { setTimeout as sleep } from 'node:timers/promises';

import type { Usher } from '../../e2e/support/usher.ts';
import { tokens } from './service.ts';
import {
  type Asked,
  guestAsks,
  operatorAsks,
  type Question,
  seenBy,
  startTraffic,
} from './traffic.ts';

/** Does something bad, and gives what ends it. */
export type Inject = () => Promise<() => Promise<void>>;

/** What a fault did to those who asked meanwhile. */
export interface Outage {
  /** Everything that visitors asked, before, during and after. */
  readonly asked: readonly Asked[];
  /** In words, what they saw between the beginning and the end. */
  readonly clientsSaw: string;
  /** Milliseconds from the end of the fault to the first answer that is as before. */
  readonly recovery: number;
  /** What strangers were told, whose tokens are nobody's. */
  readonly strangers: readonly Asked[];
  /** What `/livez` answered. */
  readonly probes: readonly Asked[];
}

/** Who sends which request: by default a guest, for the chat. */
export interface Asking {
  readonly question?: Question;
  /** What is answered before the fault is injected: another status where it is there already (200). */
  readonly before?: number;
}

/** How long a fault lasts, in milliseconds: longer than any time-out of a query. */
const faultLasts = 6_000;

/** Lets visitors ask, lets the fault happen and end, and waits until a question that is asked then is answered with 200. */
export async function endure(
  usher: Usher,
  inject: Inject,
  { question = guestAsks(usher), before = 200 }: Asking = {},
): Promise<Outage> {
  const visitors = startTraffic(question);
  const strangers = startTraffic(guestAsks(usher, tokens.guest({}, 'nobody')), { visitors: 1 });
  const probes = startTraffic(operatorAsks(usher, '/livez'), { visitors: 1 });
  await visitors.nextIs(before);
  const begun = visitors.asked.length;
  const end = await inject();
  await sleep(faultLasts);
  const ended = Date.now();
  await end();
  const recovered = await visitors.nextIs(200);
  await Promise.all([visitors, strangers, probes].map((each) => each.stop()));
  return {
    asked: visitors.asked,
    clientsSaw: seenBy(visitors.asked.slice(begun).filter(({ from }) => from < ended)),
    recovery: recovered.to - ended,
    strangers: strangers.asked,
    probes: probes.asked,
  };
}

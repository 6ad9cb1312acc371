import { openLane, type Lane, type Means, type Work } from './lane.ts';

/** Milliseconds after which a broken connection is opened again. */
const pause = 50;

/**
 * Sends everything there is, as a proxy before a crowd of browsers does: where a connection breaks, its request is sent
 * again over a new one, and its latency goes on counting. Any answer is final.
 */
export function drain({ port, connections, supply, tally }: Means): Promise<void> {
  return new Promise((resolve) => {
    let busy = connections;
    const open = (): Lane => openLane({ port, tally, onFree: sendNext, onBroken });
    const onBroken = (lost: Work | undefined) => {
      tally.countReconnect();
      setTimeout(() => {
        if (lost !== undefined) open().give(lost);
      }, pause);
    };
    const sendNext = (lane: Lane) => {
      const request = supply();
      if (request !== undefined) {
        lane.give({ request, intended: performance.now() });
        return;
      }
      lane.close();
      busy -= 1;
      if (busy === 0) resolve();
    };
    tally.start();
    for (let i = 0; i < connections; i += 1) sendNext(open());
  });
}

import { openLane, type Lane, type Means } from './lane.ts';

/** Runs a closed loop; resolves when the time or the supply is over and every answer is here. Rejects when a connection breaks. */
export function runClosed(
  { port, connections, supply, tally }: Means,
  seconds: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let busy = connections;
    tally.start();
    const end = performance.now() + seconds * 1000;
    const sendNext = (lane: Lane) => {
      const intended = performance.now();
      const request = intended < end ? supply() : undefined;
      if (request !== undefined) {
        lane.give({ request, intended });
        return;
      }
      lane.close();
      busy -= 1;
      if (busy === 0) resolve();
    };
    const onBroken = () => {
      reject(new Error('A connection broke'));
    };
    for (let i = 0; i < connections; i += 1) {
      sendNext(openLane({ port, tally, onFree: sendNext, onBroken }));
    }
  });
}

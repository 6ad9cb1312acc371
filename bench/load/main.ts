// The load generator, in its own process so that it does not share an event loop with a server.
import { runClosed } from './closed.ts';
import { drain } from './drain.ts';
import type { Job, Measured } from './job.ts';
import { runOpen } from './open.ts';
import { createSupply } from './supply.ts';
import { createTally } from './tally.ts';

process.on('message', (job: Job) => {
  measure(job).then(
    (measured) => process.send?.(measured),
    (error: unknown) => process.send?.({ failed: String(error) }),
  );
});

async function measure(job: Job): Promise<Measured> {
  const { port, connections, pace } = job;
  const tally = createTally(job);
  const supply = createSupply(job.scenario, pace, job.keys);
  const options = { port, connections, supply, tally };
  switch (pace.kind) {
    case 'closed':
      await runClosed(options, pace.seconds);
      break;
    case 'open':
      await runOpen(options, pace);
      break;
    case 'drain':
      await drain(options);
      break;
  }
  return tally.finish();
}

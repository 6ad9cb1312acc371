// The client: a process of its own, so that its work is not the server's, nor the other way round.
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
  const means = { port, connections, supply, tally };
  switch (pace.kind) {
    case 'closed':
      await runClosed(means, pace.seconds);
      break;
    case 'open':
      await runOpen(means, pace);
      break;
    case 'drain':
      await drain(means);
      break;
  }
  return tally.finish();
}

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
  const supply = createSupply(job.scenario, job.pace, job.keys);
  const tally = createTally(job);
  const means = { supply, tally };
  switch (job.pace.kind) {
    case 'closed':
      await runClosed(job, job.pace.seconds, means);
      break;
    case 'open':
      await runOpen(job, job.pace, means);
      break;
    case 'drain':
      await drain(job, means);
      break;
  }
  return tally.finish();
}

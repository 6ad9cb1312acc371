import { once } from 'node:events';
import { startChild } from './child.ts';
import type { Cleanup } from './cleanup.ts';
import type { Job, Measured } from './load/job.ts';

/** The load generator, in its own process. */
export interface Client {
  /** Runs one measurement. Must not run concurrently. Throws if a response is wrong or the measurement fails. */
  readonly measure: (job: Job) => Promise<Measured>;
}

export function startClient(
  cleanup: Cleanup,
  { prefix, directory }: { readonly prefix: readonly string[]; readonly directory: string },
): Client {
  const child = startChild(cleanup, { script: 'bench/load/main.ts', prefix, cwd: directory });
  return {
    measure: async (job) => {
      child.process.send(job);
      const gone = child.ended.then(() => Promise.reject(new Error('The load generator exited')));
      const [message] = (await Promise.race([once(child.process, 'message'), gone])) as [unknown];
      const result = message as Measured | { readonly failed: string };
      if ('failed' in result) throw new Error(`${job.scenario.name}: ${result.failed}`);
      if (result.wrong > 0) {
        const { wrong, responses, firstWrong = '' } = result;
        throw new Error(
          `${job.scenario.name}: ${wrong} of ${responses} responses are wrong: ${firstWrong}`,
        );
      }
      return result;
    },
  };
}

import { once } from 'node:events';
import { startChild } from './child.ts';
import type { Cleanup } from './cleanup.ts';
import type { Job, Measured } from './load/job.ts';

/** The process that asks. */
export interface Client {
  /** Measures; one at a time. Throws when an answer was wrong, or the measurement could not be made. */
  readonly measure: (job: Job) => Promise<Measured>;
}

/** Starts the client. */
export function startClient(
  cleanup: Cleanup,
  { prefix, directory }: { readonly prefix: readonly string[]; readonly directory: string },
): Client {
  const child = startChild(cleanup, { script: 'bench/load/main.ts', prefix, cwd: directory });
  return {
    measure: async (job) => {
      child.process.send(job);
      const gone = child.ended.then(() => Promise.reject(new Error('The client ended')));
      const [message] = (await Promise.race([once(child.process, 'message'), gone])) as [unknown];
      const result = message as Measured | { readonly failed: string };
      if ('failed' in result) throw new Error(`${job.scenario.name}: ${result.failed}`);
      if (result.wrong > 0) {
        const { wrong, responses: responses, firstWrong = '' } = result;
        throw new Error(`${job.scenario.name}: ${wrong} of ${responses} are wrong: ${firstWrong}`);
      }
      return result;
    },
  };
}

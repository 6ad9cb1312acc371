import { ConfigurationError } from './config/load.ts';
import { Unavailable } from './core/unavailable.ts';
import { StartRefused } from './resources/start-refused.ts';

/** What a program of ours says when it cannot go on: a sentence for what the operator can mend, the stack for what only we can. */
export function sentenceFor(error: unknown): string {
  if (error instanceof ConfigurationError || error instanceof StartRefused) return error.message;
  if (error instanceof Unavailable) {
    const { message: why = '' } = error.cause instanceof Error ? error.cause : {};
    return `Usher cannot go on: ${error.message} (${why}).`;
  }
  return String(error instanceof Error ? error.stack : error);
}

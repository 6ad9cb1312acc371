import { Unavailable } from '../runtime/unavailable.ts';

/** An unusable response of a source: neither a fact nor its absence. The message is for the operator, and never has a value. */
export class UnusableResponse extends Error {
  override readonly name = 'UnusableResponse';
}

/** The name of a source in `Unavailable`, in metrics and in spans. */
export const dependencyOf = (source: string): string => `source ${source}`;

/** A response that is neither a fact nor its absence counts as an outage. `requested` names the fact or the list. */
export function asUnavailable(error: unknown, source: string, requested: string): unknown {
  if (!(error instanceof UnusableResponse)) return error;
  return new Unavailable(dependencyOf(source), {
    cause: new UnusableResponse(`${requested}: ${error.message}`),
  });
}

import { withSpan } from '../observability/tracing/span.ts';
import type { Limits, LimitRequest, LimitResult } from '../rate-limit/limits.ts';
import type { Handler, Rpc } from './rpc.ts';

/** The methods with which workers share the limits of the primary process. */
export const limitHandlers = (limits: Limits): Readonly<Record<string, Handler>> => ({
  'limits.consume': (requests) => limits.consume(requests as readonly LimitRequest[]),
  'limits.refund': (request) => limits.refund(request as LimitRequest),
});

/** Creates the limits of a worker, which are those of the primary process. */
export function createPrimaryLimits(call: Rpc['call']): Limits {
  return {
    consume: (requests) =>
      withSpan('limits', () => call('limits.consume', requests) as Promise<LimitResult>),
    refund: async (request) => {
      await call('limits.refund', request);
    },
  };
}

import type { Measure } from '../../authorize/measure.ts';
import { withSpan } from '../tracing/span.ts';
import type { LastHour } from './last-hour.ts';
import type { Metrics } from './metrics.ts';

/** Measures the duration of use cases, in milliseconds, as a metric, for the last hour and as a span. */
export function createMeasure(
  metrics: Pick<Metrics, 'countDuration'>,
  lastHour: Pick<LastHour, 'countDuration'>,
): Measure {
  return async (action, run) => {
    const start = performance.now();
    const end = (error?: unknown): void => {
      const ms = performance.now() - start;
      metrics.countDuration(action, ms);
      lastHour.countDuration(ms, error);
    };
    try {
      const result = await withSpan(`decide ${action}`, run);
      end();
      return result;
    } catch (error) {
      end(error);
      throw error;
    }
  };
}

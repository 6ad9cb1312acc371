import { Counter, Histogram, type Registry } from 'prom-client';
import { addTenantGauge, type CountsByTenant, type TenantLabels } from './tenant-gauge.ts';

/** Called when a message arrives. Returns the function to call when the message is delivered. */
type StartDelivery = () => () => void;

export interface TrafficMetrics {
  /** Measures the messages of one connection in both directions. */
  readonly measureTraffic: (tenantId: string | undefined) => {
    readonly fromClient: StartDelivery;
    readonly toClient: StartDelivery;
  };
  /** Adds the gauge of open connections. */
  readonly observeOpen: (open: CountsByTenant) => void;
}

/** In seconds. A delivery takes microseconds, unless the other side does not read. */
const deliveryTimes = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5];

export function createTrafficMetrics(registry: Registry, label: TenantLabels): TrafficMetrics {
  const registers = [registry];
  const messages = new Counter({
    name: 'usher_websocket_messages_total',
    help: 'Messages forwarded over WebSockets, by direction.',
    labelNames: ['direction', 'tenant'],
    registers,
  });
  const delivery = new Histogram({
    name: 'usher_websocket_delivery_seconds',
    help: 'Time from the receipt of a message to its delivery to the other side.',
    labelNames: ['direction'],
    buckets: deliveryTimes,
    registers,
  });
  const measured = (direction: string, tenantId: string | undefined): StartDelivery => {
    const tenant = label(tenantId);
    return () => {
      const end = delivery.startTimer({ direction });
      return () => {
        end();
        messages.inc({ direction, tenant });
      };
    };
  };
  return {
    measureTraffic: (tenantId) => ({
      fromClient: measured('from_client', tenantId),
      toClient: measured('to_client', tenantId),
    }),
    observeOpen: (open) => {
      const help = 'Open WebSockets of authorized clients.';
      addTenantGauge(
        registry,
        { name: 'usher_websocket_connections', help, label, aggregator: 'sum' },
        open,
      );
    },
  };
}

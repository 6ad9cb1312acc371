import { Counter, Histogram, type Registry } from 'prom-client';
import { addTenantGauge, type CountsByTenant, type TenantLabels } from './tenant-gauge.ts';

/** Called when a message has come; gives what is called when it has been handed over. */
type StartDelivery = () => () => void;

/** What is counted of WebSockets. */
export interface TrafficMetrics {
  /** What measures the messages of one connection, each way. */
  readonly measureTraffic: (tenantId: string | undefined) => {
    readonly fromClient: StartDelivery;
    readonly toClient: StartDelivery;
  };
  /** Shows from now on how many connections are open. */
  readonly observeOpen: (open: CountsByTenant) => void;
}

/** Seconds; handing a message over takes microseconds, unless the other side does not read. */
const deliveryTimes = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1, 5];

/** Creates them in a registry. */
export function createTrafficMetrics(registry: Registry, label: TenantLabels): TrafficMetrics {
  const registers = [registry];
  const messages = new Counter({
    name: 'usher_websocket_messages_total',
    help: 'Messages that were passed on over WebSockets, by where they came from.',
    labelNames: ['direction', 'tenant'],
    registers,
  });
  const delivery = new Histogram({
    name: 'usher_websocket_delivery_seconds',
    help: 'How long it took from the receipt of a message until the other side had been handed it.',
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
      const help = 'WebSockets that are open, of who was let in.';
      addTenantGauge(registry, { name: 'usher_websocket_connections', help, label }, open);
    },
  };
}

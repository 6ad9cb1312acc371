import { createHash } from 'node:crypto';
import type { Origin, RecordSignal } from '../core/audit-event.ts';
import type { Catalogue } from '../core/catalogue.ts';
import { parseChannelName } from '../core/channel-name.ts';
import type { BeginOnce } from '../core/once.ts';
import type {
  ChannelFigures,
  ChannelPlace,
  ReadWebhook,
  SignedBody,
  Webhook,
  WebhookEvent,
} from '../core/webhook.ts';

/** The result for a webhook. `under-way`: the same webhook is being counted at this moment, and may still fail. */
export type Receipt = 'taken' | 'repeated' | 'under-way' | 'stale' | 'forged' | 'malformed';

/** Whom this action asks. */
export interface TakeWebhookPorts {
  readonly read: ReadWebhook;
  readonly beginOnce: BeginOnce;
  readonly catalogue: Catalogue;
  /** The key of the app that a tenant's channels are in. */
  readonly appKeyOf: (tenantId: string) => string | undefined;
  readonly figures: ChannelFigures;
  readonly recordSignal: RecordSignal;
  readonly now: () => number;
}

/** Takes what a Pusher server tells. Throws `Unavailable` when a signal that it gives rise to could not be kept. */
export type TakeWebhook = (signed: SignedBody, origin: Origin) => Promise<Receipt>;

/** How old a webhook may be, in milliseconds, and how far ahead: Pusher sends one again for five minutes. */
const window = 5 * 60 * 1000;

/** The one place where webhooks are taken: each body once, and only while it is fresh. */
export function createTakeWebhook(ports: TakeWebhookPorts): TakeWebhook {
  return async (signed, origin) => {
    const webhook = ports.read(signed);
    if (webhook === 'forged') await ports.recordSignal('authentication-failed', { origin });
    if (typeof webhook === 'string') return webhook;
    if (Math.abs(ports.now() - webhook.at) > window) return 'stale';
    const body = createHash('sha256').update(signed.body).digest('base64');
    const turn = await ports.beginOnce(`webhook:${body}`);
    if (typeof turn === 'string') return turn === 'done' ? 'repeated' : 'under-way';
    try {
      await feed(webhook, origin, ports);
    } catch (error) {
      // The server sends it again, and then nothing of it may count as seen. Otherwise the lease ends.
      await turn.release().catch(() => undefined);
      throw error;
    }
    // It was counted: an error here would have the server send it again, to be counted twice.
    await turn.finish(webhook.at + window).catch(() => undefined);
    return 'taken';
  };
}

/** An event of one of our channels, and where it happened. */
interface Placed {
  readonly event: WebhookEvent;
  readonly place: ChannelPlace;
}

/** Counts all events of a webhook, or none of them when a signal that one gives rise to could not be kept: then it throws. */
async function feed(webhook: Webhook, origin: Origin, ports: TakeWebhookPorts): Promise<void> {
  const { figures } = ports;
  const placed = webhook.events.flatMap((event) => placesOf(event, webhook, ports));
  const fed = placed.map((each) => ({
    ...each,
    isExcess: figures.exceeds(each.event, each.place),
  }));
  const recorded = await Promise.allSettled(
    fed.map(async (each) => {
      if (each.isExcess) await recordExcess(each, origin, ports);
    }),
  );
  const failed = recorded.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    fed.forEach(({ event, place }, i) => {
      figures.takeBack(event, place, recorded[i]?.status === 'fulfilled');
    });
    throw failed.reason;
  }
  for (const { event, place } of fed) figures.count(event, place);
}

/** Where an event happened; nowhere for channels that are not ours. */
function placesOf(
  event: WebhookEvent,
  webhook: Webhook,
  ports: TakeWebhookPorts,
): readonly Placed[] {
  const name = parseChannelName(event.channel);
  const reading = name && ports.catalogue.read(name);
  // Anybody can make up names outside the catalogue, and public ones are nobody's.
  if (reading === undefined || typeof reading === 'string') return [];
  const tenantId = reading.params['tenantId'];
  // Whoever has the secret of one tenant's app must not speak of the channels of another.
  if (tenantId !== undefined && ports.appKeyOf(tenantId) !== webhook.appKey) return [];
  return [
    { event, place: { appKey: webhook.appKey, ...(tenantId !== undefined && { tenantId }) } },
  ];
}

function recordExcess(
  { event, place: { tenantId } }: Placed,
  origin: Origin,
  { recordSignal }: TakeWebhookPorts,
): Promise<void> {
  const userId = event.name === 'client_event' ? event.userId : undefined;
  return recordSignal('limit-exceeded', {
    origin,
    ...(tenantId !== undefined && { tenantId }),
    ...(userId !== undefined && { principalId: userId }),
  });
}

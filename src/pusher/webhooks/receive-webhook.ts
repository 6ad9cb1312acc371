import { createHash } from 'node:crypto';
import type { Origin, WriteSignal } from '../../audit/audit-event.ts';
import { parseChannelName } from '../../policy/channel-name.ts';
import type { ChannelRegistry } from '../../policy/channel-registry.ts';
import type { Deduplicate } from './deduplicate.ts';
import type {
  ChannelEvents,
  ChannelOwner,
  ReadWebhook,
  SignedBody,
  Webhook,
  WebhookEvent,
} from './webhook.ts';

/** The result for a webhook. `under-way`: the same webhook is being counted at this moment, and may still fail. */
export type Receipt = 'taken' | 'repeated' | 'under-way' | 'stale' | 'forged' | 'malformed';

/** What the receipt of a webhook depends on. */
export interface ReceiveWebhookDeps {
  readonly readWebhook: ReadWebhook;
  readonly beginOnce: Deduplicate;
  readonly channels: ChannelRegistry;
  /** The key of the app that a tenant's channels are in. */
  readonly appKeyOf: (tenantId: string) => string | undefined;
  readonly figures: ChannelEvents;
  readonly recordForgery: WriteSignal;
  readonly now: () => number;
}

/** How old a webhook may be, in milliseconds, and how far ahead: Pusher sends one again for five minutes. */
const maxAgeMs = 5 * 60 * 1000;

/**
 * Receives a webhook of a Pusher server: each body counts once, and only while it is fresh. Throws `Unavailable` when a
 * security event of it could not be recorded.
 */
export async function receiveWebhook(
  signed: SignedBody,
  origin: Origin,
  deps: ReceiveWebhookDeps,
): Promise<Receipt> {
  const webhook = deps.readWebhook(signed);
  if (webhook === 'forged') await deps.recordForgery('authentication-failed', { origin });
  if (typeof webhook === 'string') return webhook;
  if (Math.abs(deps.now() - webhook.at) > maxAgeMs) return 'stale';
  const body = createHash('sha256').update(signed.body).digest('base64');
  const turn = await deps.beginOnce(`webhook:${body}`);
  if (typeof turn === 'string') return turn === 'done' ? 'repeated' : 'under-way';
  try {
    await countEvents(webhook, origin, deps);
  } catch (error) {
    // The server sends it again, and then nothing of it may count as seen. Otherwise the lease ends.
    await turn.release().catch(() => undefined);
    throw error;
  }
  // It was counted: an error here would have the server send it again, to be counted twice.
  await turn.finish(webhook.at + maxAgeMs).catch(() => undefined);
  return 'taken';
}

/** An event of one of our channels, and where it happened. */
interface Placed {
  readonly event: WebhookEvent;
  readonly place: ChannelOwner;
}

/** Counts all events of a webhook, or none of them when a signal that one gives rise to could not be kept: then it throws. */
async function countEvents(
  webhook: Webhook,
  origin: Origin,
  deps: ReceiveWebhookDeps,
): Promise<void> {
  const { figures } = deps;
  const placed = webhook.events.flatMap((event) => placesOf(event, webhook, deps));
  const counted = placed.map((each) => ({
    ...each,
    isExcess: figures.exceeds(each.event, each.place),
  }));
  const recorded = await Promise.allSettled(
    counted.map(async (each) => {
      if (each.isExcess) await recordExcess(each, origin, deps);
    }),
  );
  const failed = recorded.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    counted.forEach(({ event, place }, i) => {
      figures.undo(event, place, recorded[i]?.status === 'fulfilled');
    });
    throw failed.reason;
  }
  for (const { event, place } of counted) figures.count(event, place);
}

/** Where an event happened; nowhere for channels that are not ours. */
function placesOf(
  event: WebhookEvent,
  webhook: Webhook,
  deps: ReceiveWebhookDeps,
): readonly Placed[] {
  const name = parseChannelName(event.channel);
  const match = name && deps.channels.match(name);
  // Anybody can make up names outside the catalogue, and public ones are nobody's.
  if (match === undefined || typeof match === 'string') return [];
  const tenantId = match.params['tenantId'];
  // Whoever has the secret of one tenant's app must not speak of the channels of another.
  if (tenantId !== undefined && deps.appKeyOf(tenantId) !== webhook.appKey) return [];
  return [
    { event, place: { appKey: webhook.appKey, ...(tenantId !== undefined && { tenantId }) } },
  ];
}

function recordExcess(
  { event, place: { tenantId } }: Placed,
  origin: Origin,
  { recordForgery }: ReceiveWebhookDeps,
): Promise<void> {
  const userId = event.name === 'client_event' ? event.userId : undefined;
  return recordForgery('limit-exceeded', {
    origin,
    ...(tenantId !== undefined && { tenantId }),
    ...(userId !== undefined && { principalId: userId }),
  });
}

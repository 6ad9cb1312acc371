import { createHash } from 'node:crypto';
import type { Origin, WriteSecurityEvent } from '../../audit/audit-event.ts';
import { parseChannelName } from '../../policy/pusher-names.ts';
import type { Policy } from '../../policy/policy.ts';
import type { Deduplicate } from './deduplicate.ts';
import type {
  ChannelEvents,
  ChannelOwner,
  ReadWebhook,
  SignedBody,
  Webhook,
  WebhookEvent,
} from './webhook.ts';

/** `under-way`: another request with the same webhook is being processed and may still fail. */
export type Receipt = 'taken' | 'repeated' | 'under-way' | 'stale' | 'forged' | 'malformed';

export interface ReceiveWebhookDeps {
  readonly readWebhook: ReadWebhook;
  readonly beginOnce: Deduplicate;
  readonly policy: () => Policy;
  /** The key of the app that has the channels of this tenant. */
  readonly appKeyOf: (tenantId: string) => string | undefined;
  readonly channelStats: ChannelEvents;
  readonly writeForgery: WriteSecurityEvent;
  readonly now: () => number;
}

/** The maximal deviation of a webhook's time: Pusher repeats a delivery for five minutes. */
const maxAgeMs = 5 * 60 * 1000;

/**
 * Receives a webhook of a Pusher server: each body is counted once, and only while it is fresh. Throws `Unavailable` if
 * one of its security events could not be written.
 */
export async function receiveWebhook(
  signed: SignedBody,
  origin: Origin,
  deps: ReceiveWebhookDeps,
): Promise<Receipt> {
  const webhook = deps.readWebhook(signed);
  if (webhook === 'forged') await deps.writeForgery('authentication-failed', { origin });
  if (typeof webhook === 'string') return webhook;
  if (Math.abs(deps.now() - webhook.at) > maxAgeMs) return 'stale';
  const body = createHash('sha256').update(signed.body).digest('base64');
  const lease = await deps.beginOnce(`webhook:${body}`);
  if (typeof lease === 'string') return lease === 'done' ? 'repeated' : 'under-way';
  try {
    await countEvents(webhook, origin, deps);
  } catch (error) {
    // The server delivers it again, and then it must not be a repetition. If the release fails, the lease expires.
    await lease.release().catch(() => undefined);
    throw error;
  }
  // Already counted: after an error the server would deliver it again, and it would be counted twice.
  await lease.finish(webhook.at + maxAgeMs).catch(() => undefined);
  return 'taken';
}

interface OwnedEvent {
  readonly event: WebhookEvent;
  readonly owner: ChannelOwner;
}

/** Counts all events of a webhook, or none if one of its security events could not be written: then it throws. */
async function countEvents(
  webhook: Webhook,
  origin: Origin,
  deps: ReceiveWebhookDeps,
): Promise<void> {
  const { channelStats } = deps;
  const counted = webhook.events.flatMap((event) => {
    const owner = ownerOf(event, webhook, deps);
    return owner === undefined
      ? []
      : [{ event, owner, exceeds: channelStats.exceeds(event, owner) }];
  });
  const written = await Promise.allSettled(
    counted.map(async (each) => {
      if (each.exceeds) await writeLimitExceeded(each, origin, deps);
    }),
  );
  const failed = written.find((result) => result.status === 'rejected');
  if (failed !== undefined) {
    counted.forEach(({ event, owner }, i) => {
      channelStats.undo(event, owner, written[i]?.status === 'fulfilled');
    });
    throw failed.reason;
  }
  for (const { event, owner } of counted) channelStats.count(event, owner);
}

/** The owner of the event's channel; `undefined` if the channel has none here. */
function ownerOf(
  event: WebhookEvent,
  { appKey }: Webhook,
  deps: ReceiveWebhookDeps,
): ChannelOwner | undefined {
  const name = parseChannelName(event.channel);
  const match = name && deps.policy().channels.match(name);
  // Clients can invent names outside the registry, and public channels have no owner.
  if (match === undefined || typeof match === 'string') return undefined;
  const tenantId = match.params['tenantId'];
  if (tenantId === undefined) return { appKey };
  // The secret of one tenant's app must not sign events of another tenant's channels.
  return deps.appKeyOf(tenantId) === appKey ? { appKey, tenantId } : undefined;
}

function writeLimitExceeded(
  { event, owner: { tenantId } }: OwnedEvent,
  origin: Origin,
  { writeForgery }: ReceiveWebhookDeps,
): Promise<void> {
  const userId = event.name === 'client_event' ? event.userId : undefined;
  return writeForgery('limit-exceeded', {
    origin,
    ...(tenantId !== undefined && { tenantId }),
    ...(userId !== undefined && { principalId: userId }),
  });
}

import { createHash } from 'node:crypto';
import type { Origin, RecordSignal } from '../core/audit-event.ts';
import type { Catalogue } from '../core/catalogue.ts';
import { parseChannelName } from '../core/channel-name.ts';
import type { NoteOnce } from '../core/once.ts';
import type {
  CountChannelEvent,
  ReadWebhook,
  SignedBody,
  Webhook,
  WebhookEvent,
} from '../core/webhook.ts';

/** What became of a webhook. */
export type Receipt = 'taken' | 'repeated' | 'stale' | 'forged' | 'malformed';

/** Whom this action asks. */
export interface TakeWebhookPorts {
  readonly read: ReadWebhook;
  readonly noteOnce: NoteOnce;
  readonly catalogue: Catalogue;
  /** The key of the app that a tenant's channels are in. */
  readonly appKeyOf: (tenantId: string) => string | undefined;
  readonly countEvent: CountChannelEvent;
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
    if (!(await ports.noteOnce(`webhook:${body}`, webhook.at + window))) return 'repeated';
    for (const event of webhook.events) await feed(event, { webhook, origin }, ports);
    return 'taken';
  };
}

async function feed(
  event: WebhookEvent,
  { webhook, origin }: { readonly webhook: Webhook; readonly origin: Origin },
  ports: TakeWebhookPorts,
): Promise<void> {
  const name = parseChannelName(event.channel);
  const reading = name && ports.catalogue.read(name);
  // Anybody can make up names outside the catalogue, and public ones are nobody's.
  if (reading === undefined || typeof reading === 'string') return;
  const tenantId = reading.params['tenantId'];
  // Whoever has the secret of one tenant's app must not speak of the channels of another.
  if (tenantId !== undefined && ports.appKeyOf(tenantId) !== webhook.appKey) return;
  const place = { appKey: webhook.appKey, ...(tenantId !== undefined && { tenantId }) };
  if (ports.countEvent(event, place) === 'limit-exceeded') {
    const userId = event.name === 'client_event' ? event.userId : undefined;
    await ports.recordSignal('limit-exceeded', {
      origin,
      ...(tenantId !== undefined && { tenantId }),
      ...(userId !== undefined && { principalId: userId }),
    });
  }
}

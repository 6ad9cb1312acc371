import type { AuditEvent } from '../audit/audit-event.ts';

/** What an operator can do about each reason to refuse, where it should have been a grant. A new code does not compile until it has one. */
export const remedies: Readonly<Record<NonNullable<AuditEvent['code']>, string>> = {
  'malformed-request':
    'The failed check names what cannot be read: a field, a header, the path, the method or the type of the body.',
  'upstream-refused':
    'Usher would let the visitor in. The failed check has the status of the server behind: its log has the reason. Often it expects its own `Host` (`WS_PRESERVE_HOST`) or another `Origin`.',
  'malformed-socket-id':
    'The client sent another `socket_id` than its Pusher server gave it. Let pusher-js or Echo ask.',
  'malformed-channel':
    'The name has characters or a length that Pusher does not take, or is of a public channel, about which nobody asks.',
  'unknown-channel':
    'No channel has a name like this: `usher channels` lists all channels. Encrypted forms need `PUSHER_ENCRYPTION_MASTER_KEY`.',
  'ambiguous-channel':
    'The name can be read in two ways. Choose ids that do not contain the words of the pattern.',
  'credential-missing':
    'The page sent none, or a proxy took it away. With cookies: is `SESSION_MODE` on, and does the page ask with credentials?',
  'credential-conflict':
    'The page sent two, such as a bearer token and a guest session. Send the one that is meant.',
  'credential-malformed':
    'It is cut off, quoted, or of another kind than this route takes. Guest tokens work on the hotel’s route only.',
  'credential-expired':
    'Have the page fetch a fresh one before it asks. If fresh ones are refused, a clock is wrong: `usher doctor`.',
  'credential-rejected':
    'The signature, issuer, audience or lifetime is not what the `…_TOKEN_…` settings say, or the session has ended.',
  'credential-not-configured':
    'No setting says how this kind of credential is verified. Set one of `USER_TOKEN_…` (JWT of a user), `GUEST_TOKEN_…` (hotel guest), `SANCTUM_DATABASE_URL` or `SESSION_MODE`, or send another kind.',
  'origin-refused':
    'The page is of an origin that `ALLOWED_ORIGINS` does not name, or the request did not come from a page.',
  revoked:
    'It was revoked. A credential with a later issue time is accepted. A session cookie has no issue time, so it stays refused: see revocation.md.',
  'tenant-missing': 'Send `X-Tenant-ID`, or ask at `/api/tenants/{tenantId}/pusher/auth`.',
  'tenant-mismatch':
    'The tenants of the header or path, of the token and of the channel differ. A credential without a tenant (a Sanctum token without `SANCTUM_TENANT`, a guest session, a session cookie) must come without `X-Tenant-ID`. Otherwise the page mixes two users.',
  'hotel-mismatch': 'The hotels of the address, the channel and the token differ.',
  'booking-mismatch': 'The booking of the channel is not that of the token.',
  'fact-missing':
    'The booking, escrow, room or order is not there: did the host put it, or is its view empty?',
  'booking-closed':
    'The booking was cancelled or the stay is over. If not, put it again with its `check_out`.',
  'wrong-kind':
    'This channel does not accept this kind of credential: `usher channels` lists the kinds that it accepts.',
  'not-allowed':
    'The check that failed says why. If the visitor should be allowed, compare the fact, the claims of the token and their tenants. An admin enters only rooms that have the `tenant_id` of the token; `announcements` needs a token with a tenant (Sanctum: `SANCTUM_TENANT`).',
  'too-many-authorizations':
    'A page that asks in a loop, or `RATE_LIMIT_AUTHORIZATIONS` is too small; see limits.md.',
  'too-many-subscriptions':
    'The page entered too many different channels at once: enter them one after the other, or raise `RATE_LIMIT_SUBSCRIPTIONS`; see limits.md.',
  'wrong-user': 'Leave `userId` out, or send the subject of the token.',
  'server-key-missing': 'Send `X-Chat-Server-Key`, and its secret where a ticket is redeemed.',
  'server-key-rejected': 'The key or its secret is not in `CHAT_SERVER_KEYS`.',
  'ticket-unknown': 'It was never issued, or its row has been deleted.',
  'ticket-expired':
    'Fetch a ticket right before it is shown; it lives no longer than `TICKET_TTL` and the token behind it.',
  'ticket-replayed':
    'A ticket is good once. A page that reconnects fetches a new one; else somebody copied it.',
  'ticket-of-other-server':
    'It was issued for another chat server: compare the keys of the page and of the server.',
};

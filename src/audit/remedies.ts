import type { OwnCode } from './audit-event.ts';
import type { Policy } from '../policy/policy.ts';

/** The remedy of the policy for a code; otherwise that of Usher. */
export function remedyFor(code: string, { codes }: Pick<Policy, 'codes'>): string {
  const own = Object.hasOwn(remedies, code) ? remedies[code as OwnCode] : remedies['not-allowed'];
  return codes.get(code)?.remedy ?? own;
}

/** A remedy for each code of Usher, if the request should be granted. A new code does not compile without one. */
export const remedies: Readonly<Record<OwnCode, string>> = {
  'malformed-request':
    'The failed check names the part that cannot be parsed: a field, a header, the path, the method or the type of the body.',
  'upstream-refused':
    'Usher grants the request. The failed check has the status of the server behind Usher; see its log. It may require its own `Host` (`WS_PRESERVE_HOST`) or another `Origin`.',
  'malformed-socket-id':
    'The client sent a `socket_id` that is not from its Pusher server. Use pusher-js or Echo for the request.',
  'malformed-channel':
    'The name is too long for Pusher, has characters that Pusher does not allow, or is that of a public channel, which needs no authorization.',
  'unknown-channel':
    'No channel type matches this name: `usher channels` lists all types. Encrypted channels require `PUSHER_ENCRYPTION_MASTER_KEY`.',
  'ambiguous-channel':
    'The name matches the pattern in more than one way. Use ids that do not contain the words of the pattern.',
  'credential-missing':
    'The page sent no credential, or a proxy removed it. For cookies, set `SESSION_MODE`, and send requests with credentials.',
  'credential-conflict':
    'The page sent two credentials, such as a bearer token and a guest session. Send only one.',
  'credential-malformed':
    'The credential is truncated, quoted, or of a kind that this route does not accept. Only a route of the policy accepts guest tokens.',
  'credential-expired':
    'Let the page request a new credential first. If new credentials are refused, check the clocks: `usher doctor`.',
  'credential-rejected':
    'The signature, issuer, audience, lifetime or a required claim does not match the issuers of the policy or the `…_TOKEN_…` settings, or the session has ended. The failed check names it.',
  'credential-not-configured':
    'No setting configures this kind of credential. Set one of `USER_TOKEN_…` (JWT of a user), `GUEST_TOKEN_…` (guest), `SANCTUM_DATABASE_URL`, `PASSPORT_DATABASE_URL` or `SESSION_MODE`, or send another kind.',
  'origin-refused':
    '`ALLOWED_ORIGINS` does not allow the origin of the page, or the request has no origin.',
  revoked:
    'The credential was revoked. A credential with a later issue time is accepted. A session cookie has no issue time, so it stays refused: see revocation.md.',
  'tenant-missing': 'Send `X-Tenant-ID`, or use `/api/tenants/{tenantId}/pusher/auth`.',
  'tenant-mismatch':
    'The tenants of the header or path, of the token and of the channel differ. A credential without a tenant (a Sanctum token without `SANCTUM_TENANT`, a Passport token without `PASSPORT_TENANT`, a guest session, a session cookie) requires a request without `X-Tenant-ID`. Otherwise the page mixes two users.',
  'fact-missing':
    'The failed check names the fact. Check that the application stores it, or that its view has rows. If its ids cannot be computed, the principal has no value for one, such as a tenant.',
  'wrong-kind':
    'This channel does not accept this kind of credential: `usher channels` lists the accepted kinds.',
  'not-allowed':
    'See the failed check. If the principal should be allowed, compare the fact, the claims of the token and their tenants. A rule that needs a tenant refuses a token without one (Sanctum: `SANCTUM_TENANT`, Passport: `PASSPORT_TENANT`). If it is `the application grants the request`, the application refused: see its log, and the status in the check before.',
  'too-many-authorizations':
    'A page sends requests in a loop, or `RATE_LIMIT_AUTHORIZATIONS` is too low; see limits.md.',
  'too-many-subscriptions':
    'The page subscribed to too many different channels within a minute: subscribe more slowly, or increase `RATE_LIMIT_SUBSCRIPTIONS`; see limits.md.',
  'wrong-user': 'Omit `userId`, or send the subject of the token.',
  'server-key-missing': 'Send `X-Chat-Server-Key`, and to redeem a ticket also its secret.',
  'server-key-rejected':
    '`CHAT_SERVER_KEYS` does not have this key or its secret. If a ticket was redeemed, the failed check says which.',
  'ticket-unknown':
    'See the failed check: the text is no ticket; or the ticket was never issued, or its row has been deleted.',
  'ticket-expired':
    'Request a ticket immediately before its use. It expires with its token, and after `TICKET_TTL` at the latest.',
  'ticket-replayed':
    'A ticket can be redeemed once. Request a new one to reconnect. Otherwise the ticket may have been copied.',
  'ticket-of-other-server':
    'The ticket was issued for another chat server: compare the keys of the page and of the server.',
};

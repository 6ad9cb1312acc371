import type { Check } from './check-result.ts';
import { clock } from './checks/clock.ts';
import { credentials, preflight, readableErrors } from './checks/cors.ts';
import { dialect } from './checks/dialect.ts';
import { granted } from './checks/granted.ts';
import { pusherReached } from './checks/pusher-reached.ts';
import { responseTime } from './checks/response-time.ts';
import { restApi } from './checks/rest-api.ts';
import { secret } from './checks/secret.ts';
import { signedIn } from './checks/signed-in.ts';
import { subscribed } from './checks/subscribed.ts';
import { trailingSlash } from './checks/trailing-slash.ts';
import { usherReached } from './checks/usher-reached.ts';

/** Everything that the doctor looks at, in the order in which it is told: what the others rest on first. */
export const checks: readonly Check[] = [
  ...[pusherReached, secret, dialect, restApi, clock],
  ...[usherReached, responseTime, trailingSlash, preflight, credentials, readableErrors],
  ...[granted, subscribed, signedIn],
];

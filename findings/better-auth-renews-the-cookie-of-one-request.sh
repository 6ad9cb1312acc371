#!/usr/bin/env bash
# Better Auth 1.7.25: `GET /get-session` after `updateAge` extends the session in the database and sends the cookie with the new end once, to the
# client of that request. If a backend asks first, with the cookie of a browser, the browser gets no new cookie until the next `updateAge`, and
# drops its cookie at the old end, while the session is alive. With `disableRefresh=true` the browser gets it. A visitor without a session is
# the status 200 with the body `null`.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages better-auth@1.7.25

cat >sessions.mjs <<'JS'
import { setTimeout as pause } from 'node:timers/promises';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';

const origin = 'http://127.0.0.1:3000';
const { handler } = betterAuth({
  secret: 'a secret of at least thirty-two bytes, for this script',
  baseURL: origin,
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: { enabled: true },
  session: { expiresIn: 60, updateAge: 1 },
});
const request = (path, headers, body) =>
  handler(new Request(`${origin}/api/auth${path}`, { headers, method: body ? 'POST' : 'GET', body: body && JSON.stringify(body) }));
const signUp = async (email) => {
  const headers = { 'Content-Type': 'application/json', origin };
  const response = await request('/sign-up/email', headers, { email, password: 'a password of this script', name: 'Ada' });
  return response.headers.getSetCookie()[0].split(';')[0];
};
const renews = async (cookie, query = '') => {
  const response = await request(`/get-session${query}`, { cookie });
  return response.headers.getSetCookie().length > 0 ? 'a new cookie' : 'no cookie';
};
const [first, second] = [await signUp('ada@example.com'), await signUp('grace@example.com')];
await pause(1200);
console.log(`${await renews(first)}, then ${await renews(first)}`);
console.log(`${await renews(second, '?disableRefresh=true')}, then ${await renews(second)}`);
const anonymous = await request('/get-session', {});
console.log(`${anonymous.status} ${await anonymous.text()}`);
JS

BETTER_AUTH_TELEMETRY=0 node sessions.mjs >result 2>/dev/null
expect 'the backend gets, then the browser' 'a new cookie, then no cookie' "$(sed -n 1p result)"
expect 'with disableRefresh=true in the request of the backend' 'no cookie, then a new cookie' "$(sed -n 2p result)"
expect 'the response without a session' '200 null' "$(sed -n 3p result)"

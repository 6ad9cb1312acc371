import type { Addresses } from '../app.ts';
import type { Config } from '../config/load.ts';
import type { DemoFact, Policy } from '../policy/policy.ts';
import { demoRequests, type DemoRequest } from './demo-requests.ts';

const dayMs = 24 * 60 * 60 * 1000;

/** A message for developers: the addresses of Usher, and requests of the policy's demo that work as printed. */
export async function startupMessage(
  config: Config,
  { addresses: at, policy }: { readonly addresses: Addresses; readonly policy: Policy },
  now: () => number,
): Promise<string> {
  const all = await demoRequests(policy, config, { lifetimeMs: dayMs, now });
  // One of each kind of credential: the page of the demo has the others.
  const requests = [...new Map(all.toReversed().map((each) => [each.credential, each])).values()];
  const facts = policy.demo.facts.map((fact) => `  ${formatFact(fact)}\n`).join('');
  return `
Usher authorizes subscriptions to real-time channels.

  public    ${at.public}      for pusher-js and Laravel Echo
  operator  ${at.operator}      /livez, /readyz, /facts/…
  demo      ${at.public}/demo

${requests.map((request) => `Authorize a channel as ${request.who} of the demo:\n\n${curl(at, request)}\n`).join('')}
${facts === '' ? '' : `The facts of the demo:\n\n${facts}\n`}This text, the demo, mint-token, and the default keys and secrets are for development.
With NODE_ENV=production none of them exist.
`;
}

function formatFact({ kind, ids, fields }: DemoFact): string {
  return `${kind.name} ${ids.join(' ')}: ${JSON.stringify(fields)}`;
}

function curl(at: Addresses, { path, field, token, channel, principal }: DemoRequest): string {
  const form = `-d socket_id=1234.5678 -d channel_name=${channel}`;
  if (field !== undefined) return `  curl -s '${at.public}${path}?${field}=${token}' ${form}\n`;
  const tenant = principal.tenant === undefined ? '' : ` -H 'X-Tenant-ID: ${principal.tenant}'`;
  return `  curl -s ${at.public}${path} -H 'Authorization: Bearer ${token}'${tenant} ${form}\n`;
}

import { credentialKindOf, type Credential } from '../authn/credential.ts';
import { mintToken, type TokenSigning } from '../authn/jwt/mint.ts';
import { issuerClaims } from '../authn/token-issuers.ts';
import type { Deps } from '../composition/deps.ts';
import type { Config } from '../config/load.ts';
import { fillPath } from '../http/fastify-path.ts';
import type { DemoPrincipal, Policy } from '../policy/policy.ts';
import type { DemoDeps } from '../http/routes/demo/route.ts';
import { routeFor } from '../policy/route-for.ts';
import { fixedTokens } from '../composition/token-issuers.ts';

/** A request for a channel of the demo, with a token that works outside production. */
export interface DemoRequest {
  readonly who: string;
  readonly principal: DemoPrincipal;
  readonly channel: string;
  readonly credential: Credential['kind'];
  readonly token: string;
  /** The path of the route that signs the channel. */
  readonly path: string;
  /** The name of the field of the token; in the header `Authorization` without it. */
  readonly field: string | undefined;
}

/** The requests of the demo whose tokens can be signed with the configured secrets. */
export async function demoRequests(
  policy: Policy,
  config: Config,
  signing: Pick<TokenSigning, 'lifetimeMs' | 'now'>,
): Promise<readonly DemoRequest[]> {
  const requests = policy.demo.subscribe.map(async ({ who, channel }) => {
    const principal = policy.demo.principals.get(who);
    const token = principal && (await mintFor(principal, { policy, config, signing }));
    if (principal === undefined || token === undefined) return [];
    const credential = credentialKindOf(principal.kind);
    return { who, principal, channel, credential, token, ...routeTo(channel, principal, policy) };
  });
  return (await Promise.all(requests)).flat();
}

interface MintContext {
  readonly policy: Policy;
  readonly config: Config;
  readonly signing: Pick<TokenSigning, 'lifetimeMs' | 'now'>;
}

async function mintFor(
  principal: DemoPrincipal,
  { policy, config, signing }: MintContext,
): Promise<string | undefined> {
  const { kind, id, tenant: tenantId, roles, name, attributes } = principal;
  for (const [issuerName, tokens] of fixedTokens(config)) {
    const issuer = policy.issuers.get(issuerName);
    if (issuer?.kind !== kind || !('secret' in tokens.keys)) continue;
    const lifetimeMs = Math.min(signing.lifetimeMs, tokens.maxAgeMs ?? Infinity);
    const settings = { ...signing, lifetimeMs, ...tokens.expected, ...tokens.keys };
    const claims = issuerClaims(issuer, config.variable);
    return mintToken({ id, tenantId, roles, name, attributes }, claims, settings);
  }
  return undefined;
}

/** The route of the policy that signs the channel for this kind of principal; otherwise the general one. */
function routeTo(
  channel: string,
  { kind }: DemoPrincipal,
  policy: Policy,
): Pick<DemoRequest, 'path' | 'field'> {
  const match = policy.channels.matchText(channel);
  const chosen = match && routeFor(match, kind, policy);
  if (chosen === undefined) return { path: '/broadcasting/auth', field: undefined };
  const { path, route, pathParams } = chosen;
  return {
    path: fillPath(path, pathParams),
    field: route.credential.query ?? route.credential.field,
  };
}

/** The data of the demo's page. */
export function demoDeps(
  config: Config,
  { policy, now, findDecision }: Pick<Deps, 'policy' | 'now' | 'findDecision'>,
): DemoDeps {
  const { key, cluster, host, port, tls } = config.pusher;
  return {
    server: { key, cluster, host, port, tls },
    findDecision,
    visits: async (lifetimeMs) => {
      const requests = await demoRequests(policy(), config, { lifetimeMs, now });
      return requests.map(({ who, channel, token, path, field, principal: { tenant } }) => {
        return { who, channel, token, path, field, tenant };
      });
    },
  };
}

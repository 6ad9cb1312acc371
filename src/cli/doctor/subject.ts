import { credentialKindOf } from '../../authn/credential.ts';
import { tenantOf } from '../../authorize/evaluate.ts';
import type { Config } from '../../config/load.ts';
import { onlyCookieName } from '../../config/sessions.ts';
import { fillPath } from '../../http/fastify-path.ts';
import type { ChannelMatch } from '../../policy/channel-registry.ts';
import { userIssuer, type Policy } from '../../policy/policy.ts';
import { routeFor } from '../../policy/route-for.ts';
import type { PusherApp } from '../../pusher/pusher-app.ts';
import { demoRequests, type DemoRequest } from '../demo-requests.ts';
import { credentialKind, namedIssuer } from '../match-channel.ts';
import { cookiesOf } from '../session-cookies.ts';
import { defaultAuthPath, type AuthRequest } from './probe-usher.ts';

/** The subjects whose requests the doctor sends, as far as there are credentials. */
interface Subjects {
  readonly subscriber?: { readonly channel: string; readonly form: AuthRequest };
  /** The sign-in of a user. */
  readonly user?: AuthRequest;
}

export interface SubjectOptions {
  /** The path at which the page requests authorization. */
  readonly authPath?: string | undefined;
  readonly channel?: string | undefined;
  readonly token?: string | undefined;
  /** A session cookie, or a `Cookie` header. */
  readonly session?: string | undefined;
  readonly tenant?: string | undefined;
}

/** The subject of the command line; otherwise principals of the policy's demo, outside production and if their tokens can be signed. */
export async function subjectsOf(
  options: SubjectOptions,
  config: Config,
  { policy, now }: { readonly policy: Policy; readonly now: () => number },
): Promise<Subjects> {
  const { channel, token, session, tenant, authPath = defaultAuthPath } = options;
  const text = token ?? session;
  if (channel === undefined || text === undefined) {
    return demoSubjects(config, { policy, now, authPath });
  }
  const subscriber = (headers: Headers) => ({
    channel,
    form: { path: authPath, fields: { channel_name: channel }, headers },
  });
  const match = policy.channels.matchText(channel);
  const kind = token === undefined ? 'session-cookie' : credentialKind(token, match, policy);
  switch (kind) {
    case 'guest-token': {
      const form = match && routeForm(match, text, policy);
      return form === undefined ? {} : { subscriber: { channel, form } };
    }
    case 'guest-session':
      return { subscriber: subscriber({ 'x-guest-session': text }) };
    case 'session-cookie':
      return { subscriber: subscriber(cookieOf(config, text, tenant)) };
    case 'bearer': {
      const headers = bearer(text, tenant ?? (match && tenantOf(match)));
      const user = isOfUser(text, policy) && signingIn(headers, authPath);
      return { subscriber: subscriber(headers), ...(user && { user }) };
    }
  }
}

/** Whether a token is of a user, by its issuer. Principals of other kinds cannot sign in. */
function isOfUser(token: string, { issuers }: Policy): boolean {
  const issuer = namedIssuer(token, issuers) ?? issuers.get(userIssuer);
  return (issuer?.kind ?? 'user') === 'user';
}

interface DemoContext {
  readonly policy: Policy;
  readonly now: () => number;
  readonly authPath: string;
}

/** The Pusher app that signs for a channel's tenant. */
export function appFor(
  { channel, tenant }: SubjectOptions,
  config: Config,
  policy: Policy | undefined,
): PusherApp {
  const match = policy?.channels.matchText(channel ?? '');
  const tenantId = tenant ?? (match && tenantOf(match)) ?? '';
  return config.tenantsApps.find(({ tenants }) => tenants.includes(tenantId))?.app ?? config.pusher;
}

async function demoSubjects(
  config: Config,
  { policy, now, authPath }: DemoContext,
): Promise<Subjects> {
  if (config.production) return {};
  const requests = await demoRequests(policy, config, { lifetimeMs: 60_000, now });
  const onRoute = requests.find(({ field }) => field !== undefined);
  const user = requests.find(({ credential }) => credential === 'bearer');
  return {
    ...(onRoute && { subscriber: { channel: onRoute.channel, form: formOf(onRoute) } }),
    ...(user && { user: signingIn(bearer(user.token, user.principal.tenant), authPath) }),
  };
}

function formOf({ path, field = '', token, channel }: DemoRequest): AuthRequest {
  return { path, fields: { [field]: token, channel_name: channel } };
}

/** The request of the policy's route that signs this channel with such a token. */
function routeForm(match: ChannelMatch, token: string, policy: Policy): AuthRequest | undefined {
  const kinds = [...match.channelType.rules.keys()];
  const kind = kinds.find((each) => credentialKindOf(each) === 'guest-token');
  const chosen = kind && routeFor(match, kind, policy);
  if (!chosen) return undefined;
  const { query, field = query ?? 'token' } = chosen.route.credential;
  return {
    path: fillPath(chosen.path, chosen.pathParams),
    fields: { [field]: token, channel_name: match.channel.text },
  };
}

type Headers = Readonly<Record<string, string>>;

const signingIn = (headers: Headers, authPath: string): AuthRequest => ({
  path: authPath.replace(/auth$/, 'user-auth'),
  fields: {},
  headers,
});

const bearer = (token: string, tenant: string | undefined) => ({
  authorization: `Bearer ${token}`,
  ...(tenant !== undefined && { 'x-tenant-id': tenant }),
});

/** A text without names is the value of the only session cookie. */
function cookieOf({ sessions }: Config, text: string, tenant: string | undefined): Headers {
  const name = sessions === undefined ? undefined : onlyCookieName(sessions);
  const isNamed = name === undefined || cookiesOf(text).length > 0;
  return {
    cookie: isNamed ? text.replace(/^cookie:\s*/i, '') : `${name}=${text}`,
    ...(tenant !== undefined && { 'x-tenant-id': tenant }),
  };
}

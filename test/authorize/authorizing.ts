import type { Identification } from '../../src/authn/credential.ts';
import type { ChannelAuthRequest } from '../../src/authorize/auth-request.ts';
import { authorizeChannel, type AuthorizeDeps } from '../../src/authorize/authorize-channel.ts';
import type { FactSource } from '../../src/authorize/find-facts.ts';
import type { Decision } from '../../src/policy/decision.ts';
import type { Fact } from '../../src/policy/fact-kind.ts';
import { withoutPermit } from '../../src/runtime/permits.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { shippedPolicy } from '../support/shipped-policy.ts';
import { booking, escrow, noon, user } from '../policies/principals.ts';

/** The calls of an action, in order. */
export type Call = 'identified' | 'looked up' | 'recorded';

/** Changes to the dependencies; `cache` is a source of facts that is used before the database. */
export type Changes = Partial<AuthorizeDeps> & { readonly cache?: FactSource };

/** Dependencies that record their calls; every credential is one of user 15 of tenant 1. */
export function recordingDeps({ cache, ...changes }: Changes = {}) {
  const calls: Call[] = [];
  const recorded: unknown[] = [];
  const facts: Readonly<Record<string, Fact>> = { booking: booking(), escrow: escrow() };
  const deps: AuthorizeDeps = {
    policy: () => shippedPolicy,
    identify: (): Promise<Identification> => {
      calls.push('identified');
      return Promise.resolve({ principal: user('15') });
    },
    revocations: { latest: () => Promise.resolve(undefined) },
    find: ({ name }) => {
      calls.push('looked up');
      return Promise.resolve(facts[name]);
    },
    ask: () => Promise.reject(new Error('No channel asks')),
    fingerprint: () => 'a visitor',
    remoteKinds: new Set(),
    withLentPermit: withoutPermit,
    encrypts: () => true,
    caches: () => true,
    userIdOf: (_tenantId, id) => id,
    factSources: () => (cache === undefined ? [deps] : [cache, deps]),
    trackConnection: (decision) => Promise.resolve(decision),
    watch: () => undefined,
    measure: (_action, run) => run(),
    writeDecision: (decision) => {
      calls.push('recorded');
      recorded.push(decision);
      return Promise.resolve(true);
    },
    rateLimitGrant: () => Promise.resolve('at once'),
    now: () => noon,
    newId: () => 'the-decision',
    ...changes,
  };
  return { deps, calls, recorded };
}

/** `authorizeChannel` with these dependencies. */
export function authorizing(changes: Changes = {}) {
  const { deps, calls, recorded } = recordingDeps(changes);
  return {
    authorizeChannel: (request: ChannelAuthRequest) => authorizeChannel(request, deps),
    calls,
    recorded,
  };
}

/** A request that is granted without changes. */
export function request(changes: Partial<ChannelAuthRequest> = {}): ChannelAuthRequest {
  return {
    socketId: '1.2',
    channelName: 'private-tenant.1.escrow.42',
    credentials: [{ kind: 'bearer', text: new Secret('token') }],
    constraints: { tenantIds: ['1'] },
    origin: { requestId: 'request', address: '127.0.0.1' },
    ...changes,
  };
}

/** The outcome of a decision, for tests that check nothing else. */
export function verdict(decision: Decision): string {
  return decision.outcome === 'grant' ? 'grant' : decision.code;
}

import { randomUUID } from 'node:crypto';
import type { RouteConstraints } from '../authorize/auth-request.ts';
import { decideChannel, type DecideDeps } from '../authorize/authorize-channel.ts';
import { credentialKindOf } from '../authn/credential.ts';
import type { Decision } from '../policy/decision.ts';
import type { Policy, PolicyExpectation, PolicyTest } from '../policy/policy.ts';
import { Secret } from '../runtime/secret.ts';
import { createCoverage, type UnrefusedCheck } from './coverage.ts';
import { toPrincipal } from './example-principal.ts';
import { createMemoryFacts } from './memory-facts.ts';
import { variationsOf, type TestRequest } from './variations.ts';

/** The result of one expectation. Without problems it passed. */
export interface TestResult {
  readonly file: string;
  readonly line: number;
  readonly title: string;
  /** The number of variations that were decided as well. */
  readonly variations: number;
  readonly problems: readonly string[];
}

export interface TestReport {
  readonly results: readonly TestResult[];
  /** The checks that refused no case. */
  readonly unrefused: readonly UnrefusedCheck[];
}

/**
 * Decides every expectation of the policy's tests as the service does, and variations of each granted one, which must be
 * refused. Throws `FactRefused` for a fact that cannot exist.
 */
export async function runPolicyTests(policy: Policy, now: () => number): Promise<TestReport> {
  const coverage = createCoverage(policy.channels);
  const results = policy.tests.map(async (test) => {
    const decide = createDecide(policy, test, now);
    const counted: Decide = async (request) => coverage.count(await decide(request));
    return Promise.all(test.expect.map((each) => runOne(each, { policy, test, decide: counted })));
  });
  return { results: (await Promise.all(results)).flat(), unrefused: coverage.unrefused() };
}

type Decide = (request: TestRequest) => Promise<Decision>;

/** Credentials are principals of the test: the tests are about rules, not about tokens. */
function createDecide(policy: Policy, test: PolicyTest, now: () => number): Decide {
  const find = createMemoryFacts(test);
  return ({ principal, channel, tenant, expectation, expired }) => {
    const deps: DecideDeps = {
      ...{ policy: () => policy, find, newId: randomUUID, now: () => test.now ?? now() },
      encrypts: () => true,
      identify: () =>
        Promise.resolve(
          principal === undefined || expired ? { fault: 'credential-expired' } : { principal },
        ),
      revocations: { latest: () => Promise.resolve(undefined) },
    };
    const kind = credentialKindOf(principal?.kind ?? 'user');
    return decideChannel(
      {
        ...{ channelName: channel, socketId: '1.1' },
        credentials: principal === undefined ? [] : [{ kind, text: new Secret('') }],
        constraints: {
          tenantIds: tenant === undefined ? [] : [tenant],
          ...routeConstraints(expectation, policy),
        },
        origin: { requestId: 'policy test', address: '127.0.0.1' },
      },
      deps,
    );
  };
}

/** The constraints of the route of an expectation, with the parameters of its path. */
function routeConstraints(
  { route, pins }: PolicyExpectation,
  { routes }: Policy,
): Pick<RouteConstraints, 'pins' | 'only'> {
  const declared = route === undefined ? undefined : routes.get(route);
  if (declared === undefined) return {};
  return {
    only: declared.only,
    pins: declared.pins.map(({ pathParam: name, channelParam }) => {
      return { name, value: pins[name] ?? '', channelParam };
    }),
  };
}

interface TestContext {
  readonly policy: Policy;
  readonly test: PolicyTest;
  readonly decide: Decide;
}

async function runOne(
  expectation: PolicyExpectation,
  { policy, test, decide }: TestContext,
): Promise<TestResult> {
  const { who, channel, outcome, tenant, line, alsoGranted } = expectation;
  const example = who === undefined ? undefined : test.principals.get(who);
  const principal = example && toPrincipal(example, policy);
  const request: TestRequest = {
    ...{ principal, channel, expectation },
    tenant: tenant ?? principal?.tenantId,
  };
  const isGrant = 'grant' in outcome;
  const problems = problemsOf(await decide(request), outcome);
  const variations = isGrant
    ? variationsOf(request, policy.channels)
    : new Map<string, TestRequest>();
  for (const name of alsoGranted) {
    if (!variations.has(name)) problems.push(`there is no variation "${name}"`);
  }
  for (const [name, varied] of variations) {
    const isGranted = (await decide(varied)).outcome === 'grant';
    if (isGranted !== alsoGranted.includes(name)) {
      problems.push(`${isGranted ? 'granted' : 'refused'} too: ${name}`);
    }
  }
  const title = `${who ?? 'nobody'} ${isGrant ? 'may' : 'may not'} enter ${channel}`;
  return { file: test.file, line, title, variations: variations.size, problems };
}

function problemsOf(decision: Decision, outcome: PolicyExpectation['outcome']): string[] {
  if ('grant' in outcome) {
    return decision.outcome === 'grant' ? [] : [`is refused: ${decision.code}`];
  }
  if (decision.outcome === 'grant') return ['is granted'];
  return decision.code === outcome.refuse ? [] : [`is refused with ${decision.code}`];
}

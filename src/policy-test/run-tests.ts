import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { RouteConstraints } from '../authorize/auth-request.ts';
import { decideChannel, type DecideDeps } from '../authorize/authorize-channel.ts';
import { credentialKindOf } from '../authn/credential.ts';
import type { AskRequest, AskResponse } from '../policy/ask.ts';
import { firstFailed, type Decision, type Refusal } from '../policy/decision.ts';
import type { FindFact } from '../policy/fact-kind.ts';
import {
  type Place,
  type Policy,
  type PolicyExpectation,
  type PolicyTest,
} from '../policy/policy.ts';
import { pinParams } from '../policy/param.ts';
import { routeFor } from '../policy/route-for.ts';
import { toUserId, userIdLimit } from '../policy/member.ts';
import { withoutPermit } from '../runtime/permits.ts';
import { Secret } from '../runtime/secret.ts';
import { createCoverage, type Coverage, type Uncovered } from './coverage.ts';
import { toPrincipal } from './example-principal.ts';
import { createMemoryFacts, type MemoryFacts } from './memory-facts.ts';
import { variationsOf, type TestRequest } from './variations.ts';

/** The result of one expectation, or of a fact that cannot exist. Without problems it passed. */
export interface TestResult extends Place {
  readonly title: string;
  /** The number of variations that were decided as well. */
  readonly variations: number;
  readonly problems: readonly string[];
}

export interface TestReport {
  readonly results: readonly TestResult[];
  readonly uncovered: readonly Uncovered[];
  /** The number of expectations that were not decided, or not completely, because the time was over. */
  readonly notRun: number;
}

interface TestOptions {
  /** Called before each decision; true ends the tests. */
  readonly isTimeOver?: () => boolean;
  /** Called after each expectation. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Decides every expectation of the policy's tests as the service does, and variations of each granted one, which must be
 * refused. Refusals are decided without row-level security: the rules alone must refuse.
 */
export async function runPolicyTests(
  policy: Policy,
  now: () => number,
  { isTimeOver = () => false, onProgress = () => undefined }: TestOptions = {},
): Promise<TestReport> {
  let find: FindFact = () => Promise.resolve(undefined);
  const coverage = createCoverage(policy.channels, () => find);
  const results: TestResult[] = [];
  const total = policy.tests.reduce((sum, { expect }) => sum + expect.length, 0);
  let done = 0;
  for (const test of policy.tests) {
    const facts = createMemoryFacts(test);
    ({ find } = facts);
    results.push(...facts.refused.map(({ place, problem }) => refusedFact(place, problem)));
    const context = { policy, test, facts, coverage, isTimeOver, now: test.now ?? now() };
    for (const each of test.expect) {
      const result = await runOne(each, context);
      if (result === undefined) break;
      results.push(result);
      done += 1;
      onProgress(done, total);
    }
  }
  return { results, uncovered: coverage.uncovered(), notRun: total - done };
}

function refusedFact(place: Place, problem: string): TestResult {
  return { ...place, title: 'a fact of the test', variations: 0, problems: [problem] };
}

interface TestContext {
  readonly policy: Policy;
  readonly test: PolicyTest;
  readonly facts: MemoryFacts;
  readonly coverage: Coverage;
  readonly isTimeOver: () => boolean;
  readonly now: number;
}

/** `undefined` if the time is over. */
async function runOne(
  expectation: PolicyExpectation,
  context: TestContext,
): Promise<TestResult | undefined> {
  const { policy, test, facts } = context;
  const { who, channel, outcome, line, alsoGranted } = expectation;
  const isGrant = 'grant' in outcome;
  if (context.isTimeOver()) return undefined;
  const request = requestOf(expectation, context);
  const decision = await decide(request, expectation.applicationGrants, {
    ...context,
    find: isGrant ? facts.findVisible : facts.find,
  });
  const problems = problemsOf(decision, outcome);
  const variations = isGrant ? variationsOf(request, policy) : [];
  for (const name of alsoGranted) {
    if (!variations.some((each) => each.name === name)) {
      problems.push(`there is no variation “${name}”`);
    }
  }
  for (const { name, request: varied } of variations) {
    if (context.isTimeOver()) return undefined;
    const isListed = alsoGranted.includes(name);
    const find = isListed ? facts.findVisible : facts.find;
    const isGranted = (await decide(varied, isListed, { ...context, find })).outcome === 'grant';
    if (isGranted !== isListed) problems.push(`${isGranted ? 'granted' : 'refused'} too: ${name}`);
  }
  const title = `${who ?? 'nobody'} ${isGrant ? 'may' : 'may not'} enter ${channel}`;
  return { file: test.file, line, title, variations: variations.length, problems };
}

function requestOf(
  { who, channel, tenant, route, pins }: PolicyExpectation,
  { policy, test }: TestContext,
): TestRequest {
  const example = who === undefined ? undefined : test.principals.get(who);
  const principal = example && toPrincipal(example, policy);
  const match = policy.channels.matchText(channel);
  const chosen = principal && match && routeFor(match, principal.kind, policy);
  return {
    principal,
    channel,
    tenant: tenant ?? principal?.tenantId,
    ...(route === undefined
      ? { route: chosen?.path, pins: chosen?.pathParams ?? {} }
      : { route, pins }),
  };
}

/** Credentials are principals of the test: the tests are about rules, not about tokens. */
async function decide(
  request: TestRequest,
  applicationGrants: boolean,
  { policy, coverage, now, find }: TestContext & { readonly find: FindFact },
): Promise<Decision> {
  const { principal, channel, expired } = request;
  // The service also runs tests, and must respond meanwhile.
  await setImmediate();
  if (principal !== undefined) await coverage.add({ channel, principal, now });
  const deps: DecideDeps = {
    policy: () => policy,
    find,
    newId: randomUUID,
    now: () => now,
    ask: (request) => Promise.resolve(responseTo(request, applicationGrants)),
    fingerprint: () => '',
    remoteKinds: new Set(),
    withLentPermit: withoutPermit,
    encrypts: () => true,
    caches: () => true,
    userIdOf: (_tenantId, id) => toUserId(id, userIdLimit),
    identify: () =>
      Promise.resolve(
        principal === undefined || expired
          ? { fault: 'credential-expired', detail: 'credential has not expired' }
          : { principal },
      ),
    revocations: { latest: () => Promise.resolve(undefined) },
  };
  const kind = credentialKindOf(principal?.kind ?? 'user');
  return decideChannel(
    {
      channelName: channel,
      socketId: '1.1',
      credentials: principal === undefined ? [] : [{ kind, text: new Secret('') }],
      constraints: constraintsOf(request, policy),
      origin: { requestId: 'policy test', address: '127.0.0.1' },
    },
    deps,
  );
}

/** The application names the principal as the member. */
function responseTo({ channel, principal: { id } }: AskRequest, isGranted: boolean): AskResponse {
  return isGranted && channel.form === 'presence'
    ? { isGranted, member: { user_id: id, data: { user_id: id } } }
    : { isGranted };
}

/** The constraints of a route of the policy, or those of the general routes. */
function constraintsOf(
  { route: path, pins, tenant }: TestRequest,
  { routes }: Policy,
): RouteConstraints {
  const route = path === undefined ? undefined : routes.get(path);
  const tenantIds = tenant === undefined || route?.mayHaveTenant === false ? [] : [tenant];
  return route === undefined
    ? { tenantIds }
    : { tenantIds, only: route.only, pins: pinParams(route, pins) };
}

function problemsOf(decision: Decision, outcome: PolicyExpectation['outcome']): string[] {
  if ('grant' in outcome) {
    return decision.outcome === 'grant' ? [] : [`is refused: ${reasonOf(decision)}`];
  }
  const expected = outcome.refuse;
  if (decision.outcome === 'grant') return ['is granted'];
  return decision.code === expected
    ? []
    : [`is refused: ${reasonOf(decision)}, and not ${expected}`];
}

/** Most checks have the same code, so the code alone does not say what to change. */
function reasonOf({ code, checks }: Refusal): string {
  const failed = firstFailed(checks);
  return failed === undefined ? code : `${code} by “${failed.name}”`;
}

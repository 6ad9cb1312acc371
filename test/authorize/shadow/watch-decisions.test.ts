import { describe, expect, it } from 'vitest';
import type { RecordedShadowVerdict } from '../../../src/audit/shadow-verdict.ts';
import { rejected } from '../../../src/authn/credential.ts';
import { authorizeChannels } from '../../../src/authorize/authorize-channels.ts';
import { authorizeChannel } from '../../../src/authorize/authorize-channel.ts';
import { createWatchDecision, watchLimits } from '../../../src/authorize/shadow/watch-decisions.ts';
import { verdictTimeoutMs } from '../../../src/authorize/shadow/watching-verdict.ts';
import type { AskRequest, AskResponse } from '../../../src/policy/ask.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { Unavailable } from '../../../src/runtime/unavailable.ts';
import { noon, user } from '../../policies/principals.ts';
import { loadPolicyText } from '../../support/load-policy-files.ts';
import { createTestClock } from '../../support/test-clock.ts';
import { request, recordingDeps, type Changes } from '../authorizing.ts';

const laravel = 'laravel: { source: host, forward: [cookie] }';
const policyOf = (channel: string) =>
  loadPolicyText(`
sources: { host: { url: { env: HOST_URL } } }
channels:
  private-o.{id}: { ${channel} }
`);
/** The rules decide: user 15 may enter channel 15. The application is the shadow. */
const applicationWatches = await policyOf(
  `ask: { ${laravel}, shadow: true }, params: { id: int }, allow: { user: { own: 'params.id == user.id' } }`,
);
const pointWatches = await policyOf(
  `ask: { authzen: { source: host }, shadow: true }, params: { id: int }, allow: { user: { own: 'params.id == user.id' } }`,
);
/** The application decides. The rules are the shadow. */
const rulesWatch = await policyOf(
  `ask: { ${laravel} }, params: { id: int }, allow: { user: { own: { rule: 'params.id == user.id', shadow: true } }, host_visitor: {} }`,
);

const headers = { select: () => ({ cookie: 'a=b' }), isWithheld: () => false };
const requestFor = (id: string) =>
  request({ channelName: `private-o.${id}`, constraints: { tenantIds: [] }, headers });

const settled = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

type WatchingChanges = Changes & {
  readonly record?: (verdict: RecordedShadowVerdict) => Promise<unknown>;
};

/** Authorization whose other side uses `ask`. */
function watching(
  policy: Policy | (() => Policy),
  ask: (request: AskRequest) => Promise<AskResponse>,
  { record = () => Promise.resolve(), ...changes }: WatchingChanges = {},
) {
  const test = createTestClock(noon);
  const recorded: RecordedShadowVerdict[] = [];
  const counted: string[] = [];
  const failures: string[] = [];
  const read = typeof policy === 'function' ? policy : () => policy;
  const { deps: base } = recordingDeps();
  const watch = createWatchDecision({
    ...base,
    ...test.clock,
    ask,
    policy: read,
    record: (verdict) => {
      recorded.push(verdict);
      return record(verdict);
    },
    count: (family, result) => void counted.push(`${family} ${result}`),
    logFailure: (_family, error) => void failures.push(String(error)),
    logSuccess: () => undefined,
  });
  const identify = () => Promise.resolve({ principal: { ...user('15'), tenantId: undefined } });
  const { deps } = recordingDeps({ policy: read, identify, ask, watch, ...changes });
  const authorize = (id: string) => authorizeChannel(requestFor(id), deps);
  const run = async () => {
    test.advance(0);
    await settled();
  };
  return { authorize, deps, run, recorded, counted, failures, test };
}

const yes = () => Promise.resolve({ isGranted: true });
const no = () => Promise.resolve({ isGranted: false });

describe('the application as the shadow', () => {
  it.each([
    ['15', yes, { answered: 'grant', watched: 'grant', result: 'agreed' }],
    ['16', no, { answered: 'refusal', watched: 'refusal', result: 'agreed' }],
    [
      '15',
      no,
      {
        answered: 'grant',
        watched: 'refusal',
        result: 'disagreed',
        reason: 'the application grants the request',
      },
    ],
    [
      '15',
      () => Promise.resolve({ isGranted: false, refusedWith: 404 }),
      {
        answered: 'grant',
        watched: 'refusal',
        result: 'disagreed',
        reason: 'the application responded with status 404',
      },
    ],
    ['16', yes, { answered: 'refusal', watched: 'grant', result: 'disagreed' }],
  ] as const)('is compared with %s, without effect', async (id, respondWith, verdict) => {
    const { authorize, run, recorded, counted } = watching(applicationWatches, respondWith);
    expect((await authorize(id)).outcome).toBe(verdict.answered);
    // Only after the response.
    expect(recorded).toEqual([]);
    await run();
    const { hash: policy } = applicationWatches;
    const family = 'private-o.{id}';
    const known = { decisionId: 'the-decision', at: noon, family, policy, side: 'application' };
    expect(recorded).toEqual([expect.objectContaining({ ...known, ...verdict })]);
    expect(counted).toEqual([`${family} ${verdict.result}`]);
  });

  it('gives no verdict if it fails or takes too long', async () => {
    const failing = () => Promise.reject(new Unavailable('source host', { cause: new Error('x') }));
    const failed = watching(applicationWatches, failing);
    await failed.authorize('15');
    await failed.run();
    expect(failed.recorded).toEqual([
      expect.objectContaining({ result: 'no-verdict', reason: 'source host is unavailable' }),
    ]);
    expect(failed.recorded[0]).not.toHaveProperty('watched');
    expect(failed.failures).toHaveLength(1);

    const silent = watching(applicationWatches, () => new Promise(() => undefined));
    expect((await silent.authorize('15')).outcome).toBe('grant');
    await silent.run();
    expect(silent.recorded).toEqual([]);
    silent.test.advance(verdictTimeoutMs);
    await settled();
    expect(silent.recorded).toMatchObject([{ result: 'no-verdict', reason: 'it took too long' }]);
  });

  it('gets a few requests in parallel; decisions over the limit are dropped and counted', async () => {
    let requests = 0;
    const responses: ((response: AskResponse) => void)[] = [];
    const { authorize, run, recorded, counted, test } = watching(applicationWatches, () => {
      requests += 1;
      return new Promise((resolve) => responses.push(resolve));
    });
    const { maxConcurrent, maxQueued, maxWaitMs } = watchLimits;
    for (let count = 0; count < maxConcurrent + maxQueued + 3; count += 1) await authorize('15');
    await run();
    expect([requests, counted]).toEqual([
      maxConcurrent,
      Array.from({ length: 3 }, () => 'private-o.{id} too-many'),
    ]);
    // A request that timed out still uses its slot.
    test.advance(verdictTimeoutMs);
    await settled();
    expect([requests, recorded.length]).toEqual([maxConcurrent, maxConcurrent]);
    responses[0]?.({ isGranted: true });
    await settled();
    expect(requests).toBe(maxConcurrent + 1);
    test.advance(maxWaitMs);
    await settled();
    expect(counted.filter((each) => each.endsWith('too-many'))).toHaveLength(maxQueued - 1 + 3);
  });

  it('gets requests with credentials that Usher cannot read or refuses, if it reads credentials', async () => {
    const refused = { identify: () => Promise.resolve(rejected('claim sub is a text')) };
    const { authorize, run, recorded } = watching(applicationWatches, yes, refused);
    expect((await authorize('15')).outcome).toBe('refusal');
    await run();
    expect(recorded).toMatchObject([{ answered: 'refusal', result: 'disagreed' }]);

    const point = watching(pointWatches, yes, refused);
    await point.authorize('15');
    await point.run();
    expect([point.recorded, point.counted]).toEqual([[], []]);
  });

  it('gets no request for refusals that apply to both sides', async () => {
    const revoked = { revocations: { latest: () => Promise.resolve(noon + 1) } };
    const { authorize, run, recorded, counted } = watching(applicationWatches, yes, revoked);
    expect(await authorize('15')).toMatchObject({ code: 'revoked' });
    await run();
    expect([recorded, counted]).toEqual([[], []]);
  });

  it('gets a request for each channel of a batch', async () => {
    const { deps, run, recorded } = watching(applicationWatches, no);
    const channelNames = ['private-o.15', 'private-o.16', 'private-unknown'];
    await authorizeChannels({ ...requestFor('15'), channelNames }, deps);
    await run();
    // In the order in which the channels were decided.
    expect(recorded.map(({ result }) => result).sort()).toEqual(['agreed', 'disagreed']);
  });
});

describe('rules as the shadow', () => {
  it.each([
    ['15', yes, { answered: 'grant', watched: 'grant', result: 'agreed' }],
    ['16', no, { answered: 'refusal', watched: 'refusal', result: 'agreed' }],
    ['16', yes, { answered: 'grant', watched: 'refusal', result: 'disagreed', reason: 'own' }],
    ['15', no, { answered: 'refusal', watched: 'grant', result: 'disagreed' }],
  ] as const)('are compared with %s, without effect', async (id, respondWith, verdict) => {
    const { authorize, run, recorded } = watching(rulesWatch, respondWith);
    expect((await authorize(id)).outcome).toBe(verdict.answered);
    await run();
    expect(recorded).toEqual([expect.objectContaining({ side: 'rules', ...verdict })]);
  });

  it('refuse a visitor whose credential only the application can read', async () => {
    const unread = {
      identify: () => Promise.resolve({ fault: 'credential-not-configured' as const }),
    };
    const { authorize, run, recorded } = watching(rulesWatch, yes, unread);
    expect((await authorize('15')).outcome).toBe('grant');
    await run();
    expect(recorded).toMatchObject([
      { watched: 'refusal', result: 'disagreed', reason: 'rule has checks' },
    ]);
  });
});

describe('a comparison', () => {
  it('that cannot be stored is counted', async () => {
    const fails = () => Promise.reject(new Unavailable('database'));
    const { authorize, run, counted, failures } = watching(applicationWatches, yes, {
      record: fails,
    });
    await authorize('15');
    await run();
    expect(counted).toEqual(['private-o.{id} agreed', 'private-o.{id} not-stored']);
    expect(failures).toHaveLength(1);
  });

  it('is not made if the policy has changed since the decision', async () => {
    let policy = applicationWatches;
    const writeDecision = () => {
      policy = pointWatches;
      return Promise.resolve(true);
    };
    const { authorize, run, counted } = watching(() => policy, yes, { writeDecision });
    await authorize('15');
    await run();
    expect(counted).toEqual(['private-o.{id} policy-changed']);
  });
});

import { expect, it } from 'vitest';
import type { DecisionEntry } from '../../src/audit/audit-event.ts';
import { replay } from '../../src/authorize/replay.ts';
import { buildPolicyOf } from '../../src/policy/load-policy.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';

const policyWith = (check: string, rest = '', facts = '') =>
  buildPolicyOf([
    {
      name: 'policy.yaml',
      content: `version: 1
${facts}
channels:
  private-own.{id}:
    about: The channel of one user
    params: { id: id }
    ${rest}
    allow:
      user:
        own: { rule: '${check}' }
`,
    },
  ]);

const recorded = (changes: Partial<DecisionEntry['decision']>): DecisionEntry => ({
  decision: {
    decisionId: 'd',
    at: 0,
    action: 'subscribe',
    outcome: 'grant',
    checks: [],
    requestId: 'r',
    address: '127.0.0.1',
    channel: 'private-own.15',
    socketId: '1.2',
    principalKind: 'user',
    principalId: '15',
    ...changes,
  },
  signals: [],
});

const deps = {
  find: () => Promise.resolve({}),
  encrypts: () => true,
  caches: () => true,
  userIdOf: (_tenant: string | undefined, id: string) => id,
  now: () => 0,
  isTimeOver: () => false,
};

const refused = { outcome: 'refusal', code: 'not-allowed', failedCheck: 'own' } as const;

it('lists the decisions that a candidate changes, and counts those that cannot be replayed', async () => {
  const current = await policyWith('user.id == params.id');
  const candidate = await policyWith('user.id != params.id');
  const entries = [
    recorded({ decisionId: 'granted' }),
    recorded({ decisionId: 'refused', channel: 'private-own.16', ...refused }),
    recorded({ decisionId: 'roles', channel: 'private-own.16' }),
    recorded({ principalId: undefined, outcome: 'refusal', code: 'credential-missing' }),
    recorded({ action: 'sign-in', channel: undefined }),
  ];
  const result = await replay(entries, { current, candidate }, deps);
  expect(result).toMatchObject({
    replayed: 2,
    changes: [
      { decision: { decisionId: 'granted' }, before: { outcome: 'grant' }, after: refused },
      { decision: { decisionId: 'refused' }, before: refused, after: { outcome: 'grant' } },
    ],
    skipped: { 'differs-now': 1, 'not-evaluated': 2, time: 0 },
  });
  expect((await replay(entries, { current, candidate: current }, deps)).changes).toEqual([]);
});

it('stops at the time limit', async () => {
  const policy = await policyWith('user.id == params.id');
  let calls = 0;
  const isTimeOver = () => (calls += 1) > 2;
  const entries = Array.from({ length: 5 }, () => recorded({}));
  const policies = { current: policy, candidate: policy };
  expect(await replay(entries, policies, { ...deps, isTimeOver })).toMatchObject({
    replayed: 2,
    skipped: { time: 3 },
  });
});

const fact = 'facts: { grant: [params.id] }';
const kind = (fields: string) => `facts: { grant: { ids: [id], fields: { ${fields} } } }`;

it('uses no fact that the candidate declares differently', async () => {
  const rule = 'user.id == params.id';
  const current = await policyWith(rule, fact, kind('a: string'));
  const requests: string[] = [];
  const find = (found: { readonly name: string }) => {
    requests.push(found.name);
    return Promise.resolve({ a: 'x' });
  };
  const same = await policyWith('user.id != params.id', fact, `# A comment\n${kind('a: string')}`);
  const entries = [recorded({})];
  expect(await replay(entries, { current, candidate: same }, { ...deps, find })).toMatchObject({
    changes: [{ after: refused }],
  });
  expect(requests).toHaveLength(2);
  for (const declared of [kind('a: int'), kind('secret: string')]) {
    const candidate = await policyWith(rule, fact, declared);
    requests.length = 0;
    expect(await replay(entries, { current, candidate }, { ...deps, find })).toMatchObject({
      replayed: 0,
      skipped: { 'changed-fact': 1 },
    });
    // Only by the policy in use.
    expect(requests).toHaveLength(1);
  }
});

it('sends no request to the application, and continues without a source', async () => {
  const rule = 'user.id == params.id';
  const ask = 'ask: { authzen: { source: shop } }';
  const sources = 'sources: { shop: { url: { env: SHOP_URL } } }';
  const current = await policyWith(rule);
  const candidate = await policyWith(rule, ask, sources);
  const entries = [recorded({})];
  expect(await replay(entries, { current, candidate }, deps)).toMatchObject({
    skipped: { 'application-decides': 1 },
  });
  const match = await policyWith(rule, fact, kind('a: string'));
  const find = () => Promise.reject(new Unavailable('shop'));
  const policies = { current: match, candidate: match };
  expect(await replay(entries, policies, { ...deps, find })).toMatchObject({
    skipped: { unavailable: 1 },
  });
});

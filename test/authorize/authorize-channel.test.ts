import { describe, expect, it } from 'vitest';
import type { ChannelAuthRequest } from '../../src/authorize/auth-request.ts';
import { createChannelRegistry } from '../../src/policy/channel-registry.ts';
import { createChannelType, type KindRules } from '../../src/policy/channel-type.ts';
import { type RuleInput } from '../../src/policy/principal.ts';
import { check, firstFailed, type Check } from '../../src/policy/decision.ts';
import type { Fact, FactReference } from '../../src/policy/fact-kind.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { findByKind, shippedPolicy } from '../support/shipped-policy.ts';
import { booking, escrow, user } from '../policies/principals.ts';
import { authorizing, request, verdict } from './authorizing.ts';

const down = () => Promise.reject(new Unavailable('database'));
const nowhere = findByKind({});
const bearer = { kind: 'bearer', text: new Secret('a') } as const;

describe('authorizeChannel', () => {
  it('grants after the decision was written', async () => {
    const { authorizeChannel, calls, recorded } = authorizing();
    const decision = await authorizeChannel(request());
    expect(decision).toMatchObject({
      outcome: 'grant',
      id: 'the-decision',
      action: 'subscribe',
      socketId: '1.2',
      tenantId: '1',
      family: 'private-tenant.{tenantId}.escrow.{escrowId}',
      channel: { text: 'private-tenant.1.escrow.42' },
      principal: { kind: 'user', id: '15' },
    });
    expect(recorded).toStrictEqual([decision]);
    expect(calls).toStrictEqual(['identified', 'looked up', 'recorded']);
  });

  it.each<[string, Partial<ChannelAuthRequest>, readonly string[]]>([
    ['a malformed socket', { socketId: '1' }, ['malformed-socket-id']],
    ['a malformed name', { channelName: 'private-a b' }, ['malformed-channel']],
    ['an unknown name', { channelName: 'private-nothing' }, ['unknown-channel']],
    ['no credential', { credentials: [] }, ['credential-missing']],
    ['two credentials', { credentials: [bearer, bearer] }, ['credential-conflict']],
    ['no tenant', { constraints: { tenantIds: [] } }, ['tenant-missing', 'identified']],
    ['another tenant', { constraints: { tenantIds: ['2'] } }, ['tenant-mismatch', 'identified']],
    ['two tenants', { constraints: { tenantIds: ['1', '2'] } }, ['tenant-mismatch', 'identified']],
    [
      'a principal of another kind',
      { channelName: 'private-hotel-h-guest-chat-booking-b' },
      ['wrong-kind', 'identified'],
    ],
    [
      'another user’s channel',
      { channelName: 'private-tenant.1.user.16' },
      ['not-allowed', 'identified'],
    ],
  ])('refuses %s without further lookups', async (_case, changes, [code, ...before]) => {
    const { authorizeChannel, calls } = authorizing();
    expect(verdict(await authorizeChannel(request(changes)))).toBe(code);
    expect(calls).toStrictEqual([...before, 'recorded']);
  });

  it.each([
    ['authentication', { identify: down }],
    ['revocations', { revocations: { latest: down } }],
    ['a fact', { find: down }],
    ['the audit log', { writeDecision: down }],
  ])('makes no decision if a dependency is unavailable: %s', async (_case, changes) => {
    const { authorizeChannel } = authorizing(changes);
    await expect(authorizeChannel(request())).rejects.toBeInstanceOf(Unavailable);
  });

  it('refuses the encrypted form without a master key like an unknown channel', async () => {
    const { authorizeChannel } = authorizing({ encrypts: () => false });
    const channelName = 'private-encrypted-tenant.1.user.15';
    expect(verdict(await authorizeChannel(request({ channelName })))).toBe('unknown-channel');
  });

  it('refuses a presence channel to a user whose id the server cannot represent', async () => {
    const { authorizeChannel } = authorizing({
      userIdOf: () => undefined,
      identify: () => Promise.resolve({ principal: user('15', { roles: ['admin'] }) }),
      find: findByKind({ escrow: escrow({ status: 'DISPUTED' }) }),
    });
    const sendRequest = async (channelName: string) =>
      verdict(await authorizeChannel(request({ channelName })));
    expect(await sendRequest('private-tenant.1.escrow.42.chat')).toBe('grant');
    expect(await sendRequest('presence-tenant.1.escrow.42.chat')).toBe('not-allowed');
  });
});

describe('a rule without checks of its fact', () => {
  const kind = shippedPolicy.factKinds.get('escrow')!;
  const rulesOf = (checks: readonly Check[], facts: KindRules['facts'] = []) =>
    new Map([['user', { facts, names: checks.map(({ name }) => name), check: () => checks }]]);
  const refer = ({ params: { id = '' } }: RuleInput) => ({ kind, ids: ['1', id] });
  const withoutChecks = createChannelRegistry([
    createChannelType('private-lax-{id}', {
      about: 'asks nothing of its fact',
      params: { id: 'int' },
      rules: rulesOf([check('always', true)], [{ name: 'escrow', optional: false, refer }]),
    }),
    createChannelType('private-empty-{id}', {
      about: 'asks nothing at all',
      params: { id: 'int' },
      rules: rulesOf([]),
    }),
  ]);
  const policy = () => ({ ...shippedPolicy, channels: withoutChecks });

  it.each([
    ['refuses everybody if the fact does not exist', 'private-lax-1', 'fact-missing'],
    ['refuses everybody if there are no checks', 'private-empty-1', 'not-allowed'],
  ])('%s', async (_case, channelName, code) => {
    const { authorizeChannel } = authorizing({ policy, find: nowhere });
    expect(verdict(await authorizeChannel(request({ channelName })))).toBe(code);
  });
});

describe('a channel with two facts', () => {
  const [kind, other] = ['escrow', 'booking'].map((name) => shippedPolicy.factKinds.get(name)!);
  const pass = [check('always', true)];
  const channels = (refer: (input: RuleInput) => FactReference | 'failed' | undefined) =>
    createChannelRegistry([
      createChannelType('private-two-{id}', {
        about: 'who has both',
        params: { id: 'int' },
        rules: new Map([
          [
            'user',
            {
              facts: [
                { name: 'deal', optional: false, refer: () => ({ kind: kind!, ids: ['1', '2'] }) },
                { name: 'seat', optional: true, refer },
                { name: 'stay', optional: false, refer: () => ({ kind: other!, ids: ['a', 'b'] }) },
              ],
              names: ['always'],
              check: () => pass,
            },
          ],
        ]),
      }),
    ]);
  const seat = (): FactReference => ({ kind: kind!, ids: ['1', '9'] });

  it.each<[string, Readonly<Record<string, Fact>>, () => FactReference | 'failed', string]>([
    ['the first', { booking: booking() }, seat, 'required fact deal exists'],
    ['the second', { escrow: escrow() }, seat, 'required fact stay exists'],
    [
      'the one whose ids cannot be computed, although it is optional',
      { escrow: escrow(), booking: booking() },
      () => 'failed',
      'ids of the fact seat can be computed',
    ],
  ])('reports the missing one: %s', async (...[, facts, refer, name]) => {
    const { authorizeChannel } = authorizing({
      policy: () => ({ ...shippedPolicy, channels: channels(refer) }),
      find: findByKind(facts),
    });
    const decision = await authorizeChannel(request({ channelName: 'private-two-1' }));
    expect(verdict(decision)).toBe('fact-missing');
    expect(firstFailed(decision.checks)).toEqual(check(name, false, 'fact-missing'));
  });
});

describe('a decision with cached values', () => {
  const withCache = (isKept: boolean, latest?: number) => {
    const kept: (number | undefined)[] = [];
    const { authorizeChannel, calls } = authorizing({
      cache: {
        version: 7,
        find: findByKind({ escrow: escrow() }),
        revocations: { latest: () => Promise.resolve(latest) },
      },
      writeDecision: (_decision, _origin, asOf) => {
        kept.push(asOf);
        return Promise.resolve(asOf === undefined || isKept);
      },
    });
    return { authorizeChannel, calls, kept };
  };

  it('sends no query, and its row has the version of the cache', async () => {
    const { authorizeChannel, calls, kept } = withCache(true);
    expect(verdict(await authorizeChannel(request()))).toBe('grant');
    expect([calls, kept]).toEqual([['identified'], [7]]);
  });

  it('authenticates and evaluates again after a change', async () => {
    const { authorizeChannel, calls, kept } = withCache(false, Infinity);
    expect(verdict(await authorizeChannel(request()))).toBe('grant');
    expect([calls, kept]).toEqual([
      ['identified', 'identified', 'looked up'],
      [7, undefined],
    ]);
  });

  it('may be a refusal', async () => {
    const { authorizeChannel, calls } = withCache(true, Infinity);
    expect(verdict(await authorizeChannel(request()))).toBe('revoked');
    expect(calls).toEqual(['identified']);
  });
});

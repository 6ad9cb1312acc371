import { describe, expect, it } from 'vitest';
import { definedChannel, type DefinedChannel } from '../../../src/policy/modules/define-channel.ts';
import { definedFact } from '../../../src/policy/modules/define-fact.ts';
import { check, defineChannel, defineFact } from '../../../src/policy/modules/index.ts';

/*
 * Types: the compiler checks the lines below a `@ts-expect-error`, and fails if there is no error.
 */

const use = (value: unknown): unknown => value;

const order = defineFact('order', { ids: ['order'], fields: { owner_id: 'string' } });
const seat = defineFact('seat', {
  ids: ['school', 'user'],
  fields: {
    role: { type: 'string', oneOf: ['teacher', 'student'] },
    since: { type: 'timestamp', optional: true },
  },
});

const delivery = defineChannel('private-delivery-{order}', {
  about: 'the owner of the order',
  params: { order: 'id' },
  facts: { order: ({ params }) => order(params.order) },
  allow: { user: ({ user, facts }) => [check('user owns it', facts.order?.owner_id === user.id)] },
});

const lesson = defineChannel('presence-lesson.{school}', {
  about: 'teachers, and guests of the school',
  also: ['private'],
  params: { school: { characters: '0-9a-z', max: 12 } },
  tenant: 'school',
  denied: 'You are not in this lesson',
  facts: {
    seat: {
      optional: true,
      fact: ({ params, user, guest_session }) => {
        // @ts-expect-error -- the principal may be a guest session
        use(() => user.id);
        const id = user?.id ?? guest_session?.id;
        return id === undefined ? undefined : seat(params.school, id);
      },
    },
    order: ({ params }) => order(params.school),
  },
  allow: {
    user: ({ user, facts, params, now }) => {
      // @ts-expect-error -- a parameter that the pattern does not have
      use(params.skool);
      // @ts-expect-error -- a fact that is not declared
      use(facts.seet);
      // @ts-expect-error -- a field that the fact does not have
      use(facts.seat?.rule);
      // @ts-expect-error -- not a value of the field
      use(facts.seat?.role === 'techer');
      // @ts-expect-error -- an optional field may be absent
      use(facts.seat?.since.getTime());
      return [
        check('user has a seat', facts.seat !== undefined && facts.order !== undefined),
        check('the seat has begun', facts.seat?.since === undefined || facts.seat.since < now),
        check('user is of the school', user.tenant === params.school, 'tenant-mismatch'),
      ];
    },
    guest_session: ({ guest_session, facts }) => [
      check('guest has a seat', guest_session.id !== '' && facts.seat?.role === 'student'),
    ],
  },
  member: {
    user: ({ user, facts }) => ({ id: user.id, info: { role: facts.seat?.role, name: user.name } }),
    guest_session: ({ guest_session }) => ({ id: `guest_${guest_session.id}` }),
  },
  list: { user: ({ user }) => [{ fact: seat, where: { user: user.id, school: user.tenant } }] },
});

/** Rules of a shadow have the types of those that decide. */
const watched = defineChannel('private-watched-{order}', {
  about: 'the owner of the order',
  params: { order: 'id' },
  ask: { laravel: { source: 'host', forward: ['cookie'] }, shadow: false },
  facts: { order: { shadow: true, fact: ({ params }) => order(params.order) } },
  allow: {
    user: [
      ({ user }) => [check('user has a tenant', user.tenant !== undefined)],
      {
        shadow: true,
        rule: ({ user, facts }) => {
          // @ts-expect-error -- a field that the fact does not have
          use(facts.order?.owner);
          return [check('user owns it', facts.order?.owner_id === user.id)];
        },
      },
    ],
    guest: { shadow: true, rule: ({ guest }) => [check('guest is known', guest.id !== '')] },
  },
});

use(() => {
  use(watched);
  // @ts-expect-error -- seat has two ids
  seat('1');
  // @ts-expect-error -- not a type of a field
  defineFact('x', { ids: ['x'], fields: { a: 'strin' } });
  // @ts-expect-error -- params lacks {order}
  defineChannel('private-delivery-{order}', { about: 'x', allow: {} });
  const allow = { user: () => [check('x', true)] };
  // @ts-expect-error -- the pattern has no {ordr}
  defineChannel('private-delivery-{order}', { about: 'x', params: { ordr: 'id' }, allow });
  // @ts-expect-error -- not a type of a parameter
  defineChannel('private-delivery-{order}', { about: 'x', params: { order: 'ident' }, allow });
  const about = 'x';
  // @ts-expect-error -- the tenant is not a parameter
  defineChannel('private-d-{order}', { about, params: { order: 'id' }, tenant: 'school', allow });
  // @ts-expect-error -- not a key
  defineChannel('private-d', { about, allow, tennant: 'x' });
  // @ts-expect-error -- a rule is not async
  defineChannel('private-d', { about, allow: { user: () => Promise.resolve([check('x', true)]) } });
  // @ts-expect-error -- a condition is a boolean
  defineChannel('private-d', { about, allow: { user: ({ user }) => [check('x', user.name)] } });
});

const typeOf = (channel: DefinedChannel) => {
  const definition = definedChannel(channel);
  if (definition === undefined) throw new Error('not defined');
  return definition.channelType;
};

const factsOf = (channel: DefinedChannel) => typeOf(channel).rules.get('user')?.facts ?? [];

const ada = { id: '15', roles: [], tenant: 'north', name: 'Ada' };
const input = (facts: Record<string, never> | object = {}, principal: object = { user: ada }) => ({
  ...principal,
  params: { order: '42', school: 'north' },
  facts: facts as Record<string, never>,
  now: new Date(1_000),
});

const failedNames = (channel: DefinedChannel, kind: string, of = input()) =>
  typeOf(channel)
    .rules.get(kind)
    ?.check(of)
    .filter(({ passed }) => !passed)
    .map(({ name }) => name);

/** A channel in JavaScript, whose functions may return anything. */
const loose = (spec: object) =>
  defineChannel('private-x-{order}', {
    about: 'x',
    params: { order: 'id' },
    allow: { user: () => [check('user may enter', true)] },
    ...spec,
  } as never);

describe('a channel', () => {
  it('has the parts of its declaration', () => {
    expect(typeOf(lesson)).toMatchObject({
      pattern: { text: 'presence-lesson.{school}' },
      about: 'teachers, and guests of the school',
      denied: 'You are not in this lesson',
      forms: ['presence', 'private'],
      tenant: 'school',
      memberOnPrivate: false,
    });
    expect([...typeOf(lesson).rules.keys()]).toEqual(['user', 'guest-session']);
    expect(factsOf(lesson)).toMatchObject([
      { name: 'seat', optional: true },
      { name: 'order', optional: false },
    ]);
  });

  it('refers to its facts by the parameters and the principal', () => {
    const [of, owned] = factsOf(lesson);
    expect(of?.refer(input())).toEqual({ kind: definedFact(seat), ids: ['north', '15'] });
    expect(owned?.refer(input())).toEqual({ kind: definedFact(order), ids: ['north'] });
    expect(of?.refer(input({}, {}))).toBeUndefined();
  });

  it('checks by the facts', () => {
    expect(failedNames(delivery, 'user', input({ order: { owner_id: '15' } }))).toEqual([]);
    expect(failedNames(delivery, 'user', input({ order: { owner_id: '16' } }))).toEqual([
      'user owns it',
    ]);
    expect(failedNames(delivery, 'user')).toEqual(['user owns it']);
  });

  it('returns the checks of each kind of principal', () => {
    const namesOf = (kind: string) => typeOf(lesson).rules.get(kind)?.names;
    expect(namesOf('user')).toEqual([
      'user has a seat',
      'the seat has begun',
      'user is of the school',
    ]);
    expect(namesOf('guest-session')).toEqual(['guest has a seat']);
  });

  it('returns the checks of a rule that reads facts', () => {
    const channel = loose({
      facts: { order: () => order('1') },
      allow: {
        user: ({ facts }: { facts: { order: { owner_id: string } } }) => [
          check('owner', facts.order.owner_id.length > 0),
        ],
      },
    });
    expect(typeOf(channel).rules.get('user')?.names).toEqual(['owner']);
  });

  it('returns a presence member', () => {
    const memberOf = (kind: string, of = input()) => typeOf(lesson).rules.get(kind)?.member?.(of);
    expect(memberOf('user', input({ seat: { role: 'teacher' } }))).toEqual({
      user_id: '15',
      user_info: { role: 'teacher', name: 'Ada' },
    });
    expect(memberOf('user')).toEqual({ user_id: '15', user_info: { name: 'Ada' } });
    expect(memberOf('guest-session', input({}, { guest_session: { id: 'g', roles: [] } }))).toEqual(
      {
        user_id: 'guest_g',
      },
    );
    expect(memberOf('guest-session')).toBeUndefined();
  });

  it('lists by a query', () => {
    const listOf = (principal: object) =>
      typeOf(lesson)
        .rules.get('user')
        ?.list?.(input({}, { user: principal }));
    const [entry] = listOf(ada) ?? [];
    expect(entry).toMatchObject({
      query: { kind: definedFact(seat), where: { user: '15', school: 'north' } },
    });
    expect(entry && 'paramsOf' in entry && entry.paramsOf(['north', '15'])).toEqual({
      school: 'north',
    });
    expect(listOf({ id: '15', roles: [] })).toEqual([]);
  });

  it('lists by parameters', () => {
    const channel = loose({
      list: {
        user: ({ user }: { user: { tenant?: string } }) => ({ params: { order: user.tenant } }),
      },
    });
    const listOf = (user: object) => typeOf(channel).rules.get('user')?.list?.(input({}, { user }));
    expect(listOf(ada)).toEqual([{ params: { order: 'north' } }]);
    expect(listOf({ id: '1' })).toEqual([]);
  });
});

describe('a function that violates its contract', () => {
  const boom = ({ now }: { now: Date }) => {
    if (now.getTime() > 0) throw new Error('boom');
    return [check('fine', true)];
  };
  /** Returns the declared value for the sample of the loader, and this value later. */
  const later =
    (value: unknown, first: unknown = [check('fine', true)]) =>
    ({ now }: { now: Date }) =>
      now.getTime() > 0 ? value : first;

  it.each([
    ['throws', boom],
    ['returns nothing', later(undefined)],
    ['returns true', later(true)],
    ['returns no checks', later([])],
    ['returns a sparse array', later([, check('fine', true)])], // eslint-disable-line no-sparse-arrays
    ['returns something else', later([check('fine', true), true])],
    [
      'returns a condition that is not a boolean',
      later([{ name: 'x', passed: 1, code: 'not-allowed' }]),
    ],
    ['returns a promise', later(Promise.resolve([check('fine', true)]))],
    [
      'returns a rejected promise',
      ({ now }: { now: Date }) =>
        now.getTime() > 0 ? Promise.reject(new Error('boom')) : [check('fine', true)],
    ],
    [
      'creates a check with a text',
      ({ now }: { now: Date }) => [check('x', (now.getTime() === 0 || 'yes') as never)],
    ],
  ])('is refused if a rule %s', (_what, user) => {
    expect(failedNames(loose({ allow: { user } }), 'user')).toEqual(['the rule can be evaluated']);
  });

  it.each([
    ['throws', boom],
    ['returns something else', later({ ids: ['42'] }, order('1'))],
    ['returns too few ids', later({ kind: definedFact(seat), ids: ['42'] }, seat('1', '2'))],
    [
      'returns an id that is not a text',
      later({ kind: definedFact(order), ids: [42] }, order('1')),
    ],
    ['returns a promise', later(Promise.resolve(order('1')), order('1'))],
  ])('is refused, even if the fact is optional, if its function %s', (_what, fact) => {
    const sampled = fact === boom ? ({ now }: { now: Date }) => void boom({ now }) : fact;
    const channel = loose({
      facts: { ban: { optional: true, fact: sampled } },
      allow: {
        user: ({ facts }: { facts: { ban?: object } }) => [
          check('not banned', facts.ban === undefined),
        ],
      },
    });
    expect(factsOf(channel)[0]?.refer(input())).toBe('failed');
  });

  it.each([
    ['throws', boom],
    ['returns nothing', later(undefined, { id: '1' })],
    ['returns a number as id', later({ id: 15 }, { id: '1' })],
    ['returns an object in info', later({ id: '1', info: { a: {} } }, { id: '1' })],
    ['returns NaN in info', later({ id: '1', info: { a: NaN } }, { id: '1' })],
    ['returns a promise', later(Promise.resolve({ id: '1' }), { id: '1' })],
  ])('has no member if its function %s', (_what, member) => {
    const user = member === boom ? (of: { now: Date }) => (boom(of), { id: '1' }) : member;
    expect(
      typeOf(loose({ member: { user } }))
        .rules.get('user')
        ?.member?.(input()),
    ).toBeUndefined();
  });

  it.each([
    ['throws', (of: { now: Date }) => (boom(of), [])],
    ['returns nothing', later(undefined, [])],
    ['returns another parameter', later([{ params: { order: '1', x: '2' } }], [])],
    ['returns no parameter', later([{ params: {} }], [])],
    ['queries without a condition', later([{ fact: order, where: {} }], [])],
    ['queries an unknown field', later([{ fact: order, where: { owner: '1' } }], [])],
    ['queries something else', later([{ fact: {}, where: { owner_id: '1' } }], [])],
    ['returns a number', later([{ params: { order: 1 } }], [])],
  ])('lists nothing if its function %s', (_what, user) => {
    expect(
      typeOf(loose({ list: { user } }))
        .rules.get('user')
        ?.list?.(input()),
    ).toEqual([]);
  });
});

describe('an invalid declaration is refused', () => {
  const boolean = { user: () => [check('x', true)] };
  it.each([
    ['an unknown key', { tennant: 'order' }, 'unknown key tennant'],
    [
      'an unknown key in place of a required one',
      { alow: {}, allow: {}, member: { guest: () => ({ id: '1' }) } },
      'unknown key alow of a declaration; the nearest is allow',
    ],
    ['no about', { about: '' }, 'about is missing'],
    ['an unknown form', { also: ['public'] }, 'also may have'],
    ['an unknown type', { params: { order: 'ident' } }, 'params.order is not id'],
    ['a missing parameter', { params: {} }, 'params does not describe {order}'],
    [
      'a tenant that is not a parameter',
      { tenant: 'tenant' },
      'the tenant tenant is not a parameter; there ',
    ],
    ['an empty allow', { allow: {} }, 'allows nobody'],
    ['no function', { allow: { user: true } }, 'allow.user is not a function'],
    [
      'an invalid kind',
      { allow: { 'guest-session': boolean.user } },
      'allow.guest-session is not a kind',
    ],
    ['a reserved kind', { allow: { facts: boolean.user } }, 'allow.facts is not a kind'],
    [
      'a member of a kind without rules',
      { member: { guest: () => ({ id: '1' }) } },
      'allow has no guest',
    ],
    ['a presence form without a member', { also: ['presence'] }, 'requires a member for user'],
    [
      'an async rule',
      { allow: { user: async () => Promise.resolve([check('x', true)]) } },
      'allow.user must not be async',
    ],
    [
      'a rule that returns no array',
      { allow: { user: () => true } },
      'allow.user must return an array',
    ],
    ['an invalid fact', { facts: { order: () => ({ id: 1 }) } }, 'facts.order must return a fact'],
    ['a fact without its ids', { facts: { order } }, 'facts.order must return a string as the id'],
    [
      'a fact with a wrong signature',
      { facts: { order: 'order' } },
      'facts.order is not a function',
    ],
    [
      'a member with a wrong signature',
      { member: { user: () => 'x' } },
      'member.user must return an object',
    ],
    [
      'a list by a kind without the ids',
      { list: { user: () => ({ fact: seat, where: { user: '1' } }) } },
      'list.user cannot list {order} by seat',
    ],
    [
      'a list by an unknown field',
      { list: { user: () => ({ fact: order, where: { ownr: '1' } }) } },
      'list.user returned ownr',
    ],
    [
      'a parameter with the name of an object property',
      { params: { order: 'toString' } },
      'params.order is not',
    ],
    ['a parameter of null', { params: { order: null } }, 'params.order must be'],
    [
      'a parameter without a maximum',
      { params: { order: { characters: 'a-z' } } },
      'requires the key `max`',
    ],
    [
      'a parameter without characters',
      { params: { order: { characters: 5, max: 3 } } },
      '`characters` must be a string',
    ],
    [
      'a parameter longer than a channel name',
      { params: { order: { characters: 'a-z', max: 1e9 } } },
      '`max` must be at most 164',
    ],
    ['an empty message', { denied: '' }, 'denied is empty'],
    ['a long about', { about: 'x'.repeat(501) }, 'about has more than 500 characters'],
    [
      'a misspelt key of a fact',
      { facts: { order: { optinal: true, fact: () => order('1') } } },
      'unknown key optinal of facts.order; the nearest is optional',
    ],
    [
      'a check without a name',
      { allow: { user: () => [check('', true)] } },
      'allow.user check(name, passed, code?) got',
    ],
    [
      'a check with a name of two lines',
      { allow: { user: () => [check('a\nb', true)] } },
      'allow.user has a check of which a\nb is not a check name',
    ],
    [
      'an invalid code',
      { allow: { user: () => [check('a', true, 'Parcel Gone')] } },
      'allow.user has a check of which Parcel Gone is not a refusal code',
    ],
  ])('with %s', (_what, spec, message) => {
    expect(() => loose(spec)).toThrow(message);
  });

  it.each<readonly [what: string, name: string, spec: unknown, message: string]>([
    ['an invalid name', 'Order', { ids: ['a'], fields: {} }, 'invalid name Order'],
    ['no ids', 'order', { ids: [], fields: {} }, 'ids are missing'],
    ['a repeated id', 'order', { ids: ['a', 'a'], fields: {} }, 'an id occurs twice'],
    [
      'an id that is also a field',
      'order',
      { ids: ['a'], fields: { a: 'string' } },
      'a is an id and a field',
    ],
    [
      'an unknown type',
      'order',
      { ids: ['a'], fields: { b: 'text' } },
      'field b: the type must be one of',
    ],
    [
      'an unknown limit',
      'order',
      { ids: ['a'], fields: { b: { type: 'string', max: 5 } } },
      'field b: unknown limit max',
    ],
    [
      'a limit of the wrong type',
      'order',
      { ids: ['a'], fields: { b: { type: 'string', maxLength: '5' } } },
      'field b: the limit maxLength is invalid',
    ],
    [
      'an unknown tenant',
      'order',
      { ids: ['a'], fields: {}, tenant: 'b' },
      'the tenant b is neither',
    ],
    [
      'a misspelt key',
      'order',
      { id: ['a'], fields: {} },
      'Fact order: unknown key id; the nearest is ids',
    ],
    ['no ids', 'order', { fields: {} }, 'Fact order: ids is not a list of names'],
    ['no fields', 'order', { ids: ['a'] }, 'Fact order: fields is not an object'],
    [
      'an about of another type',
      'order',
      { ids: ['a'], fields: {}, about: 1 },
      'about is not a string',
    ],
    [
      'an invalid path',
      'order',
      { ids: ['a'], fields: {}, path: '/orders/{a}' },
      'Fact order: `path` must begin with /resources/',
    ],
    [
      'a path without an id',
      'order',
      { ids: ['a'], fields: {}, path: '/resources/orders' },
      'Fact order: the path must have each id once: {a}',
    ],
    ['no declaration', 'order', undefined, 'Fact order: ids is not a list of names'],
    ['a reserved name', 'constructor', { ids: ['a'], fields: {} }, 'invalid name constructor'],
    ['a long name', 'a'.repeat(65), { ids: ['a'], fields: {} }, 'invalid name a'],
    [
      'a reserved field',
      'order',
      { ids: ['a'], fields: { toString: 'string' } },
      'invalid name toString',
    ],
    [
      'seven ids',
      'order',
      { ids: ['a', 'b', 'c', 'd', 'e', 'f', 'g'], fields: {} },
      'ids has more than 6 names',
    ],
    [
      '33 fields',
      'order',
      {
        ids: ['a'],
        fields: Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`f${i}`, 'int'])),
      },
      'fields has more than 32 names',
    ],
    [
      'a field without a type',
      'order',
      { ids: ['a'], fields: { b: null } },
      'field b: the type must be one of',
    ],
    [
      'a limit of Infinity',
      'order',
      { ids: ['a'], fields: { b: { type: 'string', maxLength: 10_001 } } },
      'field b: the limit maxLength is invalid',
    ],
    [
      'a limit of another type',
      'order',
      { ids: ['a'], fields: { b: { type: 'int', oneOf: ['1'] } } },
      'field b: the limit oneOf is not for the type int',
    ],
    [
      'no allowed value',
      'order',
      { ids: ['a'], fields: { b: { type: 'string', oneOf: [] } } },
      'field b: the limit oneOf is invalid',
    ],
    [
      'two guest sessions',
      'order',
      { ids: ['a'], fields: { b: 'guest_session', c: 'guest_session' } },
      'it may have one field of the type guest_session',
    ],
    ['a long about', 'order', { ids: ['a'], fields: {}, about: 'x'.repeat(501) }, 'about has more'],
    ...['/resources/a b/{a}', '/resources/{a}?x', '/resources//{a}', '/resources/../{a}'].map(
      (path) =>
        [
          `the path ${path}`,
          'order',
          { ids: ['a'], fields: {}, path },
          'Fact order: path is not a path: begins with /',
        ] as const,
    ),
  ])('of a fact, with %s', (...[, name, spec, message]) => {
    expect(() => defineFact(name, spec as never)).toThrow(message);
  });
});

describe('a kind of fact', () => {
  it('has the limits of its fields', () => {
    expect(definedFact(seat)).toEqual({
      name: 'seat',
      ids: ['school', 'user'],
      fields: {
        role: {
          type: 'string',
          optional: false,
          maxLength: 255,
          maxItems: 1000,
          dateMeansEndOfDay: false,
          oneOf: ['teacher', 'student'],
        },
        since: {
          type: 'timestamp',
          optional: true,
          maxLength: 255,
          maxItems: 1000,
          dateMeansEndOfDay: false,
        },
      },
    });
  });
});

import { describe, expect, it } from 'vitest';

import { parseChannelName, type PatternForm } from '../../src/policy/pusher-names.ts';
import { createChannelRegistry } from '../../src/policy/channel-registry.ts';
import { createChannelType, describeChannel } from '../../src/policy/channel-type.ts';
import { check } from '../../src/policy/decision.ts';
import type { ParamType } from '../../src/policy/param.ts';

const rules = new Map([
  [
    'user',
    {
      facts: [],
      names: ['anybody'],
      check: () => [check('anybody', true)],
      member: () => ({ user_id: '1' }),
    },
  ],
]);

function type(pattern: string, also: readonly PatternForm[] = []) {
  const names = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const params = Object.fromEntries(names.map((name): [string, ParamType] => [name, 'id']));
  return createChannelType(pattern, { about: 'everybody', params, also, rules });
}

/** The pattern that a name matches, with its parameters. */
function matching(...types: ReturnType<typeof type>[]) {
  const registry = createChannelRegistry(types);
  return (name: string) => {
    const channel = parseChannelName(name);
    const match = channel && registry.match(channel);
    return typeof match === 'object' ? [match.channelType.pattern.text, match.params] : match;
  };
}

describe('a pattern with the form private-cache besides its own', () => {
  const room = type('private-room-{id}', ['private-cache', 'presence-cache']);
  const match = matching(room);

  it.each(['private-room-7', 'private-cache-room-7', 'presence-cache-room-7'])(
    'matches %s',
    (name) => {
      expect(match(name)).toEqual(['private-room-{id}', { id: '7' }]);
    },
  );

  it.each([
    ...['presence-room-7', 'private-encrypted-cache-room-7', 'private-encrypted-room-7'],
    ...['private-cache-cache-room-7', 'private-cache-roomx-7'],
    ...['private-cache-room-', 'private-cacheroom-7', 'private-Cache-room-7', 'private-cache-'],
  ])('does not match %s', (name) => {
    expect(match(name)).toBe('unknown');
  });

  it('is described with the names of its forms', () => {
    expect(describeChannel(room).patterns).toEqual([
      'private-room-{id}',
      'private-cache-room-{id}',
      'presence-cache-room-{id}',
    ]);
  });
});

describe('a pattern that begins with a parameter', () => {
  it('does not match a cache channel, whose events the server would store', () => {
    const match = matching(type('private-{id}', ['private-encrypted']));
    expect(match('private-7')).toEqual(['private-{id}', { id: '7' }]);
    expect(match('private-my-cache-7')).toEqual(['private-{id}', { id: 'my-cache-7' }]);
    for (const name of ['private-cache-7', 'private-encrypted-cache-7', 'private-cache-']) {
      expect(match(name)).toBe('unknown');
    }
  });

  it('matches one with the form for it, and another pattern may match the rest', () => {
    const match = matching(type('private-{id}'), type('private-cache-{name}'));
    expect(match('private-7')).toEqual(['private-{id}', { id: '7' }]);
    expect(match('private-cache-7')).toEqual(['private-cache-{name}', { name: '7' }]);
  });

  it('may not match the same name as a cache pattern', () => {
    const both = [type('private-{id}', ['private-cache']), type('private-cache-{name}')];
    expect(() => createChannelRegistry(both)).toThrow('private-cache-{name}');
  });
});

describe('a pattern of cache channels', () => {
  it.each<[readonly PatternForm[]]>([
    [['presence', 'private-encrypted']],
    [['presence-cache', 'private-encrypted-cache']],
  ])('matches only cache channels, with %j', (also) => {
    const prices = type('private-cache-price-{id}', also);
    const match = matching(prices);
    for (const form of ['private', 'presence', 'private-encrypted']) {
      expect(match(`${form}-cache-price-7`)).toEqual(['private-cache-price-{id}', { id: '7' }]);
      expect(match(`${form}-price-7`)).toBe('unknown');
    }
    expect(describeChannel(prices).patterns).toEqual([
      'private-cache-price-{id}',
      'presence-cache-price-{id}',
      'private-encrypted-cache-price-{id}',
    ]);
  });

  it('may consist of a name only', () => {
    expect(matching(type('private-cache-news'))('private-cache-news')).toEqual([
      'private-cache-news',
      {},
    ]);
  });

  it('requires a member for the presence form', () => {
    const memberless = new Map([['user', { ...rules.get('user')!, member: undefined }]]);
    const parts = { about: 'everybody', params: {}, rules: memberless };
    for (const make of [
      () => createChannelType('private-a', { ...parts, also: ['presence-cache'] }),
      () => createChannelType('presence-cache-a', parts),
    ]) {
      expect(make).toThrow('the presence form requires a member for user');
    }
  });
});

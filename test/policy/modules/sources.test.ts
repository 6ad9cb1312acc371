import { describe, expect, it } from 'vitest';
import type { ChannelType } from '../../../src/policy/channel-type.ts';
import type { Policy } from '../../../src/policy/policy.ts';
import { loadPolicyFiles } from '../../support/load-policy-files.ts';

const load = (file: string, text: string): Promise<Policy> => loadPolicyFiles({ [file]: text });

const yaml = `
sources:
  host: { url: { env: HOST_URL }, token: { env: HOST_TOKEN } }
  shop: { url: { file: /run/secrets/shop } }
facts:
  order:
    ids: [order]
    fields: { owner: string }
    http: { source: host, path: '/orders/{order}', timeout: 500ms, fresh: 5s, members: { owner: [data, owner_id] }, forward: [x-locale, { cookie: [session] }] }
channels:
  private-order.{order}:
    about: the owner
    params: { order: id }
    facts: { order: [params.order] }
    allow: { user: { user owns it: facts.order.owner == user.id } }
    list: { user: { sql: { source: shop, query: 'SELECT id AS order FROM orders WHERE owner = :owner' }, where: { owner: user.id } } }
  presence-room.{room}:
    about: whom the application accepts
    params: { room: id }
    ask: { laravel: { source: host, forward: [cookie], timeout: 2s } }
  private-report.{report}:
    about: whom the decision point accepts
    params: { report: id }
    ask: { authzen: { source: host } }
    allow: { user: {} }
`;

const imports = "import { check, defineChannel, defineFact, defineSource } from 'usher/policy';\n";
const module = `${imports}
export const host = defineSource('host', { url: { env: 'HOST_URL' }, token: { env: 'HOST_TOKEN' } });
export const shop = defineSource('shop', { url: { file: '/run/secrets/shop' } });
export const order = defineFact('order', {
  ids: ['order'],
  fields: { owner: 'string' },
  http: { source: host, path: '/orders/{order}', timeout: '500ms', fresh: '5s', members: { owner: ['data', 'owner_id'] }, forward: ['x-locale', { cookie: ['session'] }] },
});
export const orders = defineChannel('private-order.{order}', {
  about: 'the owner',
  params: { order: 'id' },
  facts: { order: ({ params }) => order(params.order) },
  allow: { user: ({ user, facts }) => [check('user owns it', facts.order?.owner === user.id)] },
  list: {
    user: {
      sql: { source: shop, query: 'SELECT id AS order FROM orders WHERE owner = :owner' },
      where: { owner: ({ user }) => user.id },
    },
  },
});
export const room = defineChannel('presence-room.{room}', {
  about: 'whom the application accepts',
  params: { room: 'id' },
  ask: { laravel: { source: host, forward: ['cookie'], timeout: '2s' } },
});
export const report = defineChannel('private-report.{report}', {
  about: 'whom the decision point accepts',
  params: { report: 'id' },
  ask: { authzen: { source: 'host' } },
  allow: { user: () => [] },
});
`;

/** The sources of a channel. */
const sourcesOf = ({ pattern, ask, rules }: ChannelType) => ({
  pattern: pattern.text,
  ask: ask && { ...ask, at: undefined },
  kinds: [...rules.keys()],
  lists: [...rules.values()].flatMap(({ sqlLists = [] }) => sqlLists),
});

describe('a module', () => {
  it('has sources, facts by HTTP, lists by SQL and `ask`, as a YAML file has', async () => {
    const [ofYaml, ofModule] = [await load('a.yaml', yaml), await load('a.ts', module)];
    const places = (policy: Policy) =>
      [...policy.sources.values()].map(({ name, url, token }) => ({ name, url, token }));
    expect(places(ofModule)).toEqual(places(ofYaml));
    expect(ofModule.factKinds.get('order')!.from).toEqual(ofYaml.factKinds.get('order')!.from);
    const sourcesOfAll = ({ channels }: Policy) =>
      channels.channelTypes
        .map(sourcesOf)
        .sort((one, other) => one.pattern.localeCompare(other.pattern));
    expect(sourcesOfAll(ofModule)).toEqual(sourcesOfAll(ofYaml));
    const { rules } = ofModule.channels.matchText('private-order.7')!.channelType;
    const input = { params: {}, facts: {}, now: new Date(0), user: { id: '15', roles: [] } };
    expect(rules.get('user')!.list!(input)).toMatchObject([{ values: { owner: '15' } }]);
  });

  const fact = (http: string) =>
    `export const order = defineFact('order', { ids: ['order'], fields: { owner: 'string' }, ${http} });`;
  const channel = (more: string, pattern = 'private-a.{a}') =>
    `export const a = defineChannel('${pattern}', { about: 'a', params: { a: 'id' }, ${more} });`;
  const allow = 'allow: { user: () => [check("a", true)] }';
  it.each([
    [fact("http: { source: 'host', path: '/orders' }"), 'the path must have each id once: {order}'],
    [fact("http: { source: 'host', path: '/{order}', timeout: '5 s' }"), 'is not a timeout'],
    [fact("http: { source: 'host', path: '/{order}', pth: 1 }"), 'pth is not a key'],
    [
      fact("http: { source: 'host', path: '/{order}', forward: ['host'] }"),
      'host cannot be passed',
    ],
    [
      fact(
        "http: { source: 'host', path: '/{order}' }, sql: { source: 'host', query: 'SELECT :order' }",
      ),
      'a fact has one source: sql or http',
    ],
    [fact("http: { source: 'hst', path: '/{order}' }"), 'hst is not a source'],
    [
      channel("ask: { authzen: { source: 'hst' } }"),
      'the channel private-a.{a}: hst is not a source',
    ],
    [
      channel("ask: { laravel: { source: 'host' } }"),
      'ask: an endpoint of channels requires the key `forward`',
    ],
    [channel("ask: { opa: { source: 'host' } }"), 'ask: '],
    [
      channel("ask: { authzen: { source: 'host' } }", 'presence-a.{a}'),
      'requires allow and member',
    ],
    [
      channel(`ask: { authzen: { source: 'host' } }, ${allow}, list: { user: () => [] }`),
      'cannot have a list',
    ],
    [channel("about: 'a'"), 'allows nobody'],
    [channel('allow: { user: () => [] }'), 'at least one check'],
    [
      channel(
        `${allow}, list: { user: { sql: { source: 'host', query: 'SELECT 1 AS a' }, where: { u: () => 'x' } } }`,
      ),
      'the query has no :u',
    ],
    [
      channel(
        `${allow}, list: { user: { sql: { source: 'host', query: 'SELECT :u AS a' }, where: {} } }`,
      ),
      'has no where',
    ],
    [
      channel(
        `${allow}, list: { user: { sql: { source: 'host', query: 'SELECT :u AS a' }, where: { u: () => 1 } } }`,
      ),
      'must return a string',
    ],
    [
      "export const s = defineSource('s', { url: { env: 'A' }, token: 'secret' });",
      'the token must be',
    ],
    [
      "export const s = defineSource('s', { url: { env: 'A' }, tokn: { env: 'B' } });",
      'unknown key tokn',
    ],
  ])('is not loaded: %s', async (lines, problem) => {
    const host = "export const host = defineSource('host', { url: { env: 'HOST_URL' } });";
    await expect(load('a.js', [imports, host, lines].join('\n'))).rejects.toThrow(problem);
  });
});

import { describe, expect, it } from 'vitest';
import { loadPolicyText, problemsOf as policyProblems } from '../../support/load-policy-files.ts';

const policy = (channel: string, facts = '') => `
sources: { host: { url: { env: HOST_URL } } }
${facts}
channels:
  ${channel}
`;
const laravel = 'ask: { laravel: { source: host, forward: [cookie] } }';
const authzen = 'ask: { authzen: { source: host } }';

const problemsOf = async (text: string): Promise<string> =>
  (await policyProblems({ 'policy.yaml': text })).join('\n');

describe('ask', () => {
  it('has parameters of all characters except the dot, unless they are declared', async () => {
    const { channels } = await loadPolicyText(policy(`private-o.{order}: { ${laravel} }`));
    expect(channels.matchText('private-o.a@b,c;d=e-f_9')?.params).toEqual({
      order: 'a@b,c;d=e-f_9',
    });
    expect(channels.matchText('private-o.7.8')).toBeUndefined();
    const declared = await loadPolicyText(
      policy(`private-o.{order}: { ${laravel}, params: { order: int } }`),
    );
    expect(declared.channels.matchText('private-o.x')).toBeUndefined();
  });

  it('applies to every kind of principal, or to those of allow', async () => {
    const kindsOf = async (channel: string) => {
      const { channels } = await loadPolicyText(policy(channel));
      return [...channels.channelTypes[0]!.rules.keys()];
    };
    expect(await kindsOf(`private-o: { ${laravel} }`)).toContain('host_visitor');
    expect(await kindsOf(`private-o: { ${authzen} }`)).not.toContain('host_visitor');
    expect(await kindsOf(`private-o: { ${laravel}, allow: { user: {} } }`)).toEqual(['user']);
  });

  it.each([
    [
      `private-o: { ask: { laravel: { source: hots, forward: [cookie] } } }`,
      'hots is not a source; the nearest is host',
    ],
    [`private-o: { ask: { laravel: { source: host } } }`, 'requires the key `forward`'],
    [`private-o: { ask: {} }`, 'requires the key `laravel`'],
    [
      `private-o: { ask: { authzen: { source: host }, laravel: { source: host, forward: [cookie] } } }`,
      'does not go together',
    ],
    [
      `private-o: { ask: { laravel: { source: host, forward: [Host] } } }`,
      'host cannot be passed on',
    ],
    [
      `private-o: { ask: { laravel: { source: host, forward: [cookie, { cookie: [a] }] } } }`,
      'name either all or some',
    ],
    [
      `private-o: { ask: { laravel: { source: host, path: '/a/{b}', forward: [cookie] } } }`,
      'has no parameters',
    ],
    [
      `private-o: { ${laravel}, allow: { user: {} }, list: { user: { params: {} } } }`,
      'cannot have a list',
    ],
    [
      `private-o: { ${authzen}, allow: { host_visitor: {} } }`,
      'can read the credential of a host_visitor',
    ],
    [`private-o: { allow: { host_visitor: { a: 'true' } } }`, 'no channel without `ask`'],
    [`presence-o: { ${authzen} }`, 'requires `allow` and `member`'],
    [`private-o: { allow: { user: {} } }`, '`user` has no entry'],
    [`private-o: {}`, 'requires the key `allow`'],
    [`private-o: { ask: { authzen: { source: host }, shadow: true } }`, 'requires `allow`'],
    [
      `private-o: { ask: { authzen: { source: host }, shadow: true }, allow: { user: {} } }`,
      '`user` has no entry',
    ],
    [
      `private-o: { ask: { authzen: { source: host }, shadow: true }, allow: { user: { a: { rule: 'true', shadow: true } } } }`,
      'every check of user is a shadow',
    ],
    [
      `private-o: { ask: { authzen: { source: host }, shadow: true }, allow: { user: { a: 'true', b: { rule: 'true', shadow: true } } } }`,
      'either checks or the application',
    ],
    [
      `private-o: { allow: { user: { a: { rule: 'true', shadow: true } } } }`,
      'every check of user is a shadow',
    ],
    [
      `private-o: { ask: { laravel: { source: host, forward: [cookie] }, shadow: true }, allow: { host_visitor: { a: 'true' } } }`,
      'whose decision is not a shadow',
    ],
    [
      `presence-o: { ask: { laravel: { source: host, forward: [cookie] }, shadow: true }, allow: { user: { a: 'true' } } }`,
      'member',
    ],
  ])('%s: %s', async (channel, message) => {
    expect(await problemsOf(policy(channel))).toContain(message);
  });

  it('may have parameters with a reserved word only without rules', async () => {
    const channel = (more: string) => policy(`private-o.{package}.{list}: { ${laravel}${more} }`);
    expect(await problemsOf(channel(''))).toBe('');
    expect(await problemsOf(channel(`, allow: { user: { a: 'params.list == "1"' } }`))).toBe(
      'policy.yaml:5:3: package is a reserved word, and cannot be a parameter of a channel with rules',
    );
  });

  it('returns the members of a presence channel, which then needs no member', async () => {
    expect(await problemsOf(policy(`presence-o: { ${laravel} }`))).toBe('');
    expect(await problemsOf(policy(`private-o: { ${laravel}, also: [presence] }`))).toBe('');
  });
});

describe('a shadow', () => {
  const facts = `facts: { seen: { ids: [a], fields: { x: string } }, unseen: { ids: [a], fields: { x: string } }, bare: { ids: [a], fields: { x: string } } }`;
  const read = `facts: { seen: [user.id], unseen: [user.id], bare: [user.id] }`;
  const named = (each: { readonly name: string }) => each.name;

  it('may be the application, whose response does not decide', async () => {
    const channel = `private-o: { ask: { authzen: { source: host }, shadow: true }, allow: { user: { a: 'true' } }, list: { user: { params: {} } } }`;
    const [type] = (await loadPolicyText(policy(channel))).channels.channelTypes;
    expect(type?.ask).toBeUndefined();
    expect(type?.shadow).toMatchObject({ side: 'application', ask: { type: 'authzen' } });
  });

  it('may be a check, whose facts do not delay or refuse the response', async () => {
    const channel = `private-o: { ${laravel}, ${read}, allow: { user: { a: 'facts.seen.x == "1"', b: { rule: 'facts.unseen.x == "1"', shadow: true } } } }`;
    const { channels } = await loadPolicyText(policy(channel, facts));
    const rules = channels.channelTypes[0]?.rules.get('user');
    expect(rules?.names).toEqual(['a']);
    // A required fact that no check reads stays required.
    expect(rules?.facts.map(named)).toEqual(['seen', 'bare']);
    const { shadow } = channels.channelTypes[0]!;
    const all = shadow?.side === 'rules' ? shadow.rules.get('user') : undefined;
    expect(all?.facts.map(named)).toEqual(['seen', 'unseen', 'bare']);
    expect([...channels.shadowed]).toEqual(['private-o']);
  });
});

describe('a fact by HTTP', () => {
  const channel = `private-o: { allow: { user: { a: 'user.id == user.id' } } }`;
  it.each([
    ['http: { source: hots, path: "/o/{order}" }', 'hots is not a source'],
    ['http: { source: host, path: "/o" }', 'must have each id once'],
    ['http: { source: host, path: "/o/{order}/{order}" }', 'must have each id once'],
    ['http: { source: host, path: "/o/{order}", timeout: 31s }', 'is not a timeout'],
    ['http: { source: host, path: "/o/{order}", members: { oner: x } }', 'no field of this kind'],
    ['http: { source: host, path: "/o/{order}", members: { a: [] } }', 'has no entry'],
    ['http: { source: host, path: "/o/{order}", fresh: 61s }', 'at most 60s'],
    ['http: { source: host, path: "/o/{order}", fresh: 1s }, fresh: 1s', 'twice'],
    ['http: { source: host, path: "/o/{order}?x=1" }', 'is not a path'],
    ['http: { source: host, path: "/o/{order}" }, path: "/r/{order}"', 'is not stored'],
  ])('%s: %s', async (from, message) => {
    const facts = `facts: { order: { ids: [order], fields: { a: string }, ${from} } }`;
    expect(await problemsOf(policy(channel, facts))).toContain(message);
  });
});

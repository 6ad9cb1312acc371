import { describe, expect, it } from 'vitest';
import type { ChannelType, KindRules } from '../../../src/policy/channel-type.ts';
import { loadPolicyFiles } from '../../support/load-policy-files.ts';

/** A policy with one channel, in one spelling. */
async function load(file: string, text: string): Promise<ChannelType> {
  const { channels } = await loadPolicyFiles({ [file]: text });
  return channels.channelTypes[0]!;
}

/** The facts that every channel below declares: `old` for the rules, `fresh` for those that are only compared. */
const ofYaml = (channel: string) =>
  load(
    'a.yaml',
    `
sources: { host: { url: { env: HOST_URL } } }
facts:
  old: { ids: [user], fields: { ok: bool } }
  fresh: { ids: [user], fields: { ok: bool } }
channels:
  private-a: { about: a, ${channel} }
`,
  );

const ofModule = (channel: string) =>
  load(
    'a.ts',
    `
import { check, defineChannel, defineFact, defineSource } from 'usher/policy';
export const host = defineSource('host', { url: { env: 'HOST_URL' } });
export const old = defineFact('old', { ids: ['user'], fields: { ok: 'bool' } });
export const fresh = defineFact('fresh', { ids: ['user'], fields: { ok: 'bool' } });
export const a = defineChannel('private-a', { about: 'a', ${channel} });
`,
  );

const yaml = {
  facts: 'facts: { old: [user.id], fresh: [user.id] }',
  old: 'old: facts.old.ok',
  fresh: 'fresh: { rule: facts.fresh.ok, shadow: true }',
  ask: 'ask: { authzen: { source: host } }',
  shadowAsk: 'ask: { authzen: { source: host }, shadow: true }',
};

const module = {
  old: "({ facts }) => [check('old', facts.old?.ok === true)]",
  fresh: "{ shadow: true, rule: ({ facts }) => [check('fresh', facts.fresh?.ok === true)] }",
  facts: (shadow: boolean) =>
    `facts: { old: ({ user }) => old(user.id), fresh: { shadow: ${shadow}, fact: ({ user }) => fresh(user.id) } }`,
  ask: "ask: { authzen: { source: 'host' } }",
  shadowAsk: "ask: { authzen: { source: 'host' }, shadow: true }",
};

/** The same channels in both spellings. */
const channels = [
  {
    what: 'a shadow beside a check that answers',
    yaml: `${yaml.facts}, allow: { user: { ${yaml.old}, ${yaml.fresh} } }`,
    module: `${module.facts(true)}, allow: { user: [${module.old}, ${module.fresh}] }`,
    checked: ['old'],
    watches: ['old', 'fresh'],
  },
  {
    what: 'a shadow beside an application that answers',
    yaml: `facts: { fresh: [user.id] }, ${yaml.ask}, allow: { user: { ${yaml.fresh} } }`,
    module: `facts: { fresh: { shadow: true, fact: ({ user }) => fresh(user.id) } }, ${module.ask}, allow: { user: ${module.fresh} }`,
    checked: [],
    watches: ['fresh'],
  },
  {
    what: 'both beside an application that answers',
    yaml: `${yaml.facts}, ${yaml.ask}, allow: { user: { ${yaml.old}, ${yaml.fresh} } }`,
    module: `${module.facts(true)}, ${module.ask}, allow: { user: [${module.old}, ${module.fresh}] }`,
    checked: ['old'],
    watches: ['old', 'fresh'],
  },
  {
    what: 'an application that watches',
    yaml: `${yaml.facts}, ${yaml.shadowAsk}, allow: { user: { ${yaml.old}, fresh: { rule: facts.fresh.ok, shadow: false } } }, list: { user: { params: {} } }`,
    module: `${module.facts(false)}, ${module.shadowAsk}, allow: { user: [${module.old}, ${module.fresh.replace('true', 'false')}] }, list: { user: () => ({ params: {} }) }`,
    checked: ['old', 'fresh'],
    watches: undefined,
  },
] as const;

/** Principals, their facts, and the checks that must fail. */
const truths = [
  { old: true, fresh: true, failed: [] },
  { old: true, fresh: false, failed: ['fresh'] },
  { old: false, fresh: true, failed: ['old'] },
  { old: false, fresh: false, failed: ['old', 'fresh'] },
] as const;

/** The names of the facts that rules read, and of the checks that fail, if the application has these facts. */
function resultOf(
  rules: Pick<KindRules, 'facts' | 'check'>,
  has: Readonly<Record<'old' | 'fresh', boolean>>,
) {
  const known = { params: {}, facts: {}, now: new Date(0), user: { id: '15', roles: [] } };
  const names = rules.facts.map(({ name }) => name);
  const facts = Object.fromEntries(
    names.map((name) => [name, { ok: has[name as keyof typeof has] }]),
  );
  const failed = rules.check({ ...known, facts }).filter(({ passed }) => !passed);
  return { facts: names, failed: failed.map(({ name }) => name) };
}

describe.each(channels)('$what', ({ yaml: yamlText, module: moduleText, checked, watches }) => {
  it.each([
    ['YAML', () => ofYaml(yamlText)],
    ['a module', () => ofModule(moduleText)],
  ])('has the same result in %s', async (_spelling, channel) => {
    const { ask, shadow, rules } = await channel();
    const deciding = rules.get('user')!;
    expect(deciding.names).toEqual(checked);
    expect(ask?.type).toBe(yamlText.includes(yaml.ask) ? 'authzen' : undefined);
    const watching = shadow?.side === 'rules' ? shadow.rules.get('user') : undefined;
    expect(shadow?.side).toBe(watches === undefined ? 'application' : 'rules');
    for (const { failed, ...has } of truths) {
      const failedOf = (names: readonly string[]) => failed.filter((name) => names.includes(name));
      expect(resultOf(deciding, has)).toEqual({ facts: checked, failed: failedOf(checked) });
      if (watches === undefined) continue;
      expect(resultOf(watching!, has)).toEqual({ facts: watches, failed: failedOf(watches) });
    }
  });
});

describe('invalid shadows are refused', () => {
  it.each([
    {
      yaml: `facts: { fresh: [user.id] }, allow: { user: { ${yaml.fresh} } }`,
      module: `${module.facts(true)}, allow: { user: ${module.fresh} }`,
      problem: 'every (check|rule) of user is a shadow',
    },
    {
      yaml: `${yaml.facts}, ${yaml.shadowAsk}, allow: { user: { ${yaml.old}, ${yaml.fresh} } }`,
      module: `${module.facts(true)}, ${module.shadowAsk}, allow: { user: [${module.old}, ${module.fresh}] }`,
      problem: 'either (checks|rules) or the application may be a shadow, not both',
    },
    {
      yaml: yaml.shadowAsk,
      module: module.shadowAsk,
      problem: 'requires `allow`|allows nobody',
    },
    {
      yaml: `${yaml.shadowAsk}, allow: { user: {} }`,
      module: `${module.shadowAsk}, allow: { user: [] }`,
      problem: '`user` has no entry|allow.user has no rule',
    },
    {
      yaml: `ask: { authzen: { source: host }, shadow: 1 }, allow: { user: { ${yaml.old} } }`,
      module: `ask: { authzen: { source: 'host' }, shadow: 1 }, allow: { user: () => [check('a', true)] }`,
      problem: 'shadow',
    },
  ])('in YAML and in a module: $problem', async ({ problem, ...spellings }) => {
    await expect(ofYaml(spellings.yaml)).rejects.toThrow(new RegExp(problem));
    await expect(ofModule(spellings.module)).rejects.toThrow(new RegExp(problem));
  });

  const user = `allow: { user: [${module.old}, ${module.fresh}] }`;
  it.each([
    [`${module.facts(true)}, allow: { user: ${module.old} }`, 'rules with shadow: true, and there'],
    [`${module.facts(true)}, allow: { user: { shadow: true } }`, 'nor { rule, shadow }'],
    [`${module.facts(true)}, allow: { user: [[]] }`, 'nor { rule, shadow }'],
    [`facts: { old: { shadow: 'yes', fact: () => old('1') } }, ${user}`, 'nor { fact, optional'],
    [
      `${module.facts(true)}, allow: { user: [({ facts }) => [check('a', facts.fresh === undefined)], ${module.fresh}] }`,
      'reads facts.fresh, which has shadow: true',
    ],
    [
      `${module.facts(true)}, ${user}, member: { user: ({ user, facts }) => ({ id: user.id, info: { ok: facts.fresh?.ok } }) }`,
      'reads facts.fresh, which has shadow: true',
    ],
  ])('in a module: %s', async (text, problem) => {
    await expect(ofModule(text)).rejects.toThrow(problem);
  });
});

describe('a rule of a module that decides', () => {
  it('refuses if it reads a fact of the shadow rules, which it does not receive', async () => {
    const hidden =
      "({ user, facts }) => [check('not banned', user.id === '' || facts.fresh === undefined)]";
    const channel = await ofModule(
      `${module.facts(true)}, allow: { user: [${module.old}, ${hidden}, ${module.fresh}] }`,
    );
    const { failed } = resultOf(channel.rules.get('user')!, { old: true, fresh: true });
    expect(failed).toEqual(['the rule can be evaluated']);
  });

  it('is not affected by a shadow rule that throws', async () => {
    const broken = "{ shadow: true, rule: () => { throw new Error('broken') } }";
    const channel = await ofModule(
      `${module.facts(false)}, allow: { user: [${module.old}, ${broken}] }`,
    );
    const has = { old: true, fresh: true };
    expect(resultOf(channel.rules.get('user')!, has).failed).toEqual([]);
    const watching =
      channel.shadow?.side === 'rules' ? channel.shadow.rules.get('user') : undefined;
    expect(resultOf(watching!, has).failed).toEqual(['the rule can be evaluated']);
  });
});

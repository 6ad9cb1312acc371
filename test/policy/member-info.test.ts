import { describe, expect, it } from 'vitest';
import { memberAt } from '../../src/policy/member.ts';
import { ruleInput } from '../../src/policy/principal.ts';
import { loadPolicyFiles } from '../support/load-policy-files.ts';

const yaml = `
facts:
  shift: { ids: [ward], fields: { ends_at: timestamp, skills: list(string), beds: int } }
channels:
  presence-ward-{ward}:
    about: who is on shift
    params: { ward: id }
    facts: { shift: [params.ward] }
    allow: { user: { on shift: now < facts.shift.ends_at } }
    member:
      user:
        id: user.id
        info:
          roles: user.roles
          skills: facts.shift.skills
          ends_at: facts.shift.ends_at
          beds: facts.shift.beds
          both: "['nurse', user.id]"
`;
const module = `import { check, defineChannel, defineFact } from 'usher/policy';
export const shift = defineFact('shift', {
  ids: ['ward'],
  fields: { ends_at: 'timestamp', skills: 'list(string)', beds: 'int' },
});
export const ward = defineChannel('presence-ward-{ward}', {
  about: 'who is on shift',
  params: { ward: 'id' },
  facts: { shift: ({ params }) => shift(params.ward) },
  allow: { user: ({ facts, now }) => [check('on shift', now < (facts.shift?.ends_at ?? now))] },
  member: {
    user: ({ user, facts }) => ({
      id: user.id,
      info: {
        roles: user.roles,
        skills: facts.shift?.skills,
        ends_at: facts.shift?.ends_at,
        beds: facts.shift?.beds,
        both: ['nurse', user.id],
      },
    }),
  },
});
`;

describe.each([
  ['YAML', { 'p.yaml': yaml }],
  ['a module', { 'p.ts': module }],
])('user_info in %s', (_spelling, files) => {
  const memberOf = async (skills: readonly string[]) => {
    const { channels } = await loadPolicyFiles(files);
    const rules = channels.matchText('presence-ward-icu')?.channelType.rules.get('user');
    const principal = { kind: 'user', id: '15', roles: ['lead'], expiresAt: 0 };
    const ends_at = new Date('2026-11-27T18:00:00Z');
    const facts = { shift: { ends_at, skills, beds: 3 } };
    return rules?.member?.(ruleInput(principal, { params: {}, facts, now: new Date(0) }));
  };

  it('has lists, and times as texts', async () => {
    expect(JSON.stringify(await memberOf(['icu', 'er']))).toBe(
      '{"user_id":"15","user_info":{"roles":["lead"],"skills":["icu","er"],"ends_at":"2026-11-27T18:00:00.000Z","beds":3,"both":["nurse","15"]}}',
    );
  });

  it.each([
    [['x'.repeat(800)], true],
    [['x'.repeat(1000)], false],
    [Array.from({ length: 200 }, () => 'x'), true],
    [Array.from({ length: 280 }, () => ''), true],
    [Array.from({ length: 400 }, () => ''), false],
  ])('is measured with its lists: case %#', async (skills, fits) => {
    const member = await memberOf(skills);
    const { checks } = memberAt(member ?? { user_id: '' }, '15');
    expect(checks.every(({ passed }) => passed)).toBe(fits);
    expect(Buffer.byteLength(JSON.stringify(member)) <= 1024).toBe(fits);
  });
});

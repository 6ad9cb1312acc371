import { expect, it } from 'vitest';
import type { Fact, FindFact, FactKind } from '../../src/policy/fact-kind.ts';

/** A source of facts that is tested against the contract. */
export interface FactSourceAtHand {
  /** A kind with the ids and fields of `contractFields`. */
  readonly kind: FactKind;
  readonly find: FindFact;
  /** Stores a fact, or replaces it. `project` is a number where the source has types for ids, and `user` a text. */
  readonly put: (
    ids: readonly [project: string, user: string],
    fact: ContractFact,
  ) => Promise<void>;
  readonly remove: (ids: readonly [project: string, user: string]) => Promise<void>;
}

export interface ContractFact {
  readonly role: string;
  readonly seats: number;
  readonly rating: number;
  readonly active: boolean;
  readonly since: Date;
  readonly tags: readonly string[];
  readonly note?: string;
}

export const contractIds = ['project', 'user'];
export const contractFields =
  "{ role: string, seats: int, rating: double, active: bool, since: timestamp, tags: 'list(string)', note: { type: string, optional: true, max: 1000 } }";

const editor: ContractFact = {
  role: 'editor',
  seats: 2 ** 53 - 1,
  rating: 0.25,
  active: true,
  since: new Date('2026-02-28T23:59:59.123Z'),
  tags: ['15', 'a,b', 'x"y\\', 'ä🛎'],
};

/** Texts that a loose comparison treats as equal to 8. */
const similarToEight = [
  ...[
    '08',
    '8x',
    '8 ',
    ' 8',
    '8.0',
    '8.',
    '+8',
    '8e0',
    '0x8',
    '8\n',
    '\t8',
    '８',
    '8;',
    "8'",
    '8--',
  ],
  ...[
    '8 OR 1=1',
    "8' OR '1'='1",
    '8) OR (1=1',
    '8/**/',
    '8\\',
    '8%',
    '_',
    '%',
    '',
    '7',
    '80',
    'abc',
  ],
  ...[
    String(2n ** 63n),
    String(2n ** 63n + 8n),
    String(2n ** 64n + 8n),
    '-8',
    '18446744073709551624',
  ],
  ...['8\u0000', '\ud800', '9'.repeat(400)],
];
const similarToAda = [
  'Ada',
  'ADA',
  'ada ',
  ' ada',
  'àda',
  'ada\u0000',
  "ada' --",
  'ada\\',
  'a%',
  'ad_',
  '',
];

/** Tests of every source of facts. Call it in a suite; `at` is called within tests. */
export function testFactContract(at: () => FactSourceAtHand): void {
  const find = (...ids: readonly string[]): Promise<Fact | undefined> =>
    at().find(at().kind, ids, {});

  it('finds a fact with all its fields', async () => {
    await at().put(['8', 'ada'], editor);
    expect(await find('8', 'ada')).toEqual(editor);
    const note = "it's; a 'note' -- \\ \u2028";
    await at().put(['8', 'ada'], { ...editor, note });
    expect(await find('8', 'ada')).toEqual({ ...editor, note });
  });

  it('finds other values', async () => {
    const other: ContractFact = {
      role: 'x',
      seats: -1,
      rating: -12.5,
      active: false,
      since: new Date('1970-01-01T00:00:00.000Z'),
      tags: [],
    };
    await at().put(['8', 'ada'], other);
    expect(await find('8', 'ada')).toEqual(other);
  });

  it('finds a changed fact immediately, and no removed fact', async () => {
    await at().put(['8', 'bob'], editor);
    await at().put(['8', 'bob'], { ...editor, role: 'reader' });
    expect(await find('8', 'bob')).toEqual({ ...editor, role: 'reader' });
    await at().remove(['8', 'bob']);
    expect(await find('8', 'bob')).toBeUndefined();
  });

  it.each(similarToEight)('does not find 8 by %j', async (project) => {
    await at().put(['8', 'ada'], editor);
    expect(await find(project, 'ada')).toBeUndefined();
  });

  it.each(similarToAda)('does not find ada by %j', async (user) => {
    await at().put(['8', 'ada'], editor);
    expect(await find('8', user)).toBeUndefined();
  });

  it('distinguishes large ids', async () => {
    const [one, next] = ['9007199254740992', '9007199254740993'];
    await at().put([next, 'ada'], editor);
    expect(await find(one, 'ada')).toBeUndefined();
    expect(await find(next, 'ada')).toEqual(editor);
  });

  it('finds many concurrent facts, each with its own ids', async () => {
    await at().put(['8', 'ada'], editor);
    await at().put(['9', 'ada'], { ...editor, role: 'nine' });
    const requests = Array.from({ length: 200 }, (_, i) => [String(i % 12), 'ada'] as const);
    const roles = await Promise.all(requests.map(async (ids) => (await find(...ids))?.['role']));
    expect(roles).toEqual(
      requests.map(([project]) => ({ 8: 'editor', 9: 'nine' })[Number(project)]),
    );
  });

  it('has no fact for another number of ids', async () => {
    await at().put(['8', 'ada'], editor);
    expect([await find('8'), await find('8', 'ada', '')]).toEqual([undefined, undefined]);
  });
}

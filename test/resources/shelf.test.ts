import { expect, it } from 'vitest';
import { createShelf } from '../../src/resources/shelf.ts';

it('holds the answers that were asked for lately, and asks again for others', async () => {
  const lookups: boolean[] = [];
  const asked: string[] = [];
  const shelf = createShelf<string>(2, (isKnown) => lookups.push(isKnown));
  const find = (question: string) =>
    shelf.find(question, () => {
      asked.push(question);
      return Promise.resolve(`${question}!`);
    });
  // "a" is used again and stays; "b" is not, and goes with its half.
  for (const question of ['a', 'b', 'c', 'a', 'd', 'a', 'e', 'b']) {
    expect(await find(question)).toBe(`${question}!`);
  }
  expect(asked).toEqual(['a', 'b', 'c', 'd', 'e', 'b']);
  expect(lookups.filter(Boolean)).toHaveLength(2);
  shelf.clear();
  await find('e');
  expect(asked.at(-1)).toBe('e');
});

import { expect, it } from 'vitest';
import { createTimeOrderedId } from '../../src/runtime/time-ordered-id.ts';
import { testNow } from '../support/tokens.ts';

it('is a UUID version 7 with the time in its first 48 bits', () => {
  const ids = Array.from(
    { length: 1_000 },
    createTimeOrderedId(() => testNow),
  );
  const time = testNow.toString(16).padStart(12, '0');
  for (const id of ids) {
    expect(id).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    expect(id.replace('-', '').slice(0, 12)).toBe(time);
  }
  expect(new Set(ids).size).toBe(ids.length);
});

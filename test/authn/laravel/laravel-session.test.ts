import { describe, expect, it } from 'vitest';
import {
  expectedUser,
  isStricter,
  laravelFixtures,
  readCase,
} from '../../support/laravel-vectors.ts';

describe.each(laravelFixtures)('sessions of Laravel $version', ({ cases, skipped }) => {
  it.each(cases)('$id: $why', async (one) => {
    expect(await readCase(one)).toEqual(expectedUser(one));
  });

  it('are judged as Laravel does, except for those that only Laravel accepts', () => {
    const refused = cases.filter(isStricter).map(({ id }) => id);
    console.log(`Stricter than Laravel: ${refused.join(', ')}`);
    console.log(`Skipped: ${skipped} sessions of the cookie driver, which is not supported.`);
    expect(refused.length).toBeLessThan(cases.length / 5);
  });
});

// Converts values of the application's columns, both of a view that replaces Usher's table and of a query of the policy.

/** The first and the last time with a year of four digits, which stand for PostgreSQL's infinite times. */
export const infiniteTimes: Readonly<Record<string, string>> = {
  infinity: '9999-12-31T23:59:59.999Z',
  '-infinity': '0001-01-01T00:00:00.000Z',
};

/** The texts of a list; `undefined` for any other value. NULL is no element. */
export function textsOf(list: unknown): readonly string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const texts = list.filter((each) => each !== null);
  return texts.every((each) => typeof each === 'string') ? texts : undefined;
}

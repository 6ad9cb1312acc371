/** The problem of an item if its list is not separated by commas. `docker run --env-file` keeps quotes as a part of the value. */
export function separatorProblem(item: string): string | undefined {
  if (/^["']|["']$/.test(item)) return 'has quotes, which are part of the value: remove them';
  if (/[\s;]/.test(item)) return 'has a space or a semicolon: separate the items by commas';
  return undefined;
}

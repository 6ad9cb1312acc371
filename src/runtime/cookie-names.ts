/** Names of cookies, or their beginnings, followed by `*`. */
export type CookieNames = readonly string[];

/** True if this is the name of one of these cookies. */
export function namesCookie(names: CookieNames, name: string): boolean {
  return names.some((each) =>
    each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each,
  );
}

/**
 * Whether `ALLOWED_ORIGINS` has this origin of a page (RFC 6454 §6.2), letter by letter: by name, by `*`, or by a wildcard
 * such as `https://*.tenants.example`, which stands for one label. CORS and `usher doctor` ask this.
 */
export function allowsOrigin(allowed: readonly string[], origin: string): boolean {
  return allowed.some(
    (item) => item === '*' || (isWildcard(item) ? isUnder(item, origin) : item === origin),
  );
}

/**
 * Whether `ALLOWED_ORIGINS` names this very origin. Only then may its pages ask with credentials that a browser sends by
 * itself: other people may control pages that `*` or a wildcard matches.
 */
export function namesOrigin(allowed: readonly string[], origin: string): boolean {
  return !origin.includes('*') && allowed.includes(origin);
}

/** True for an item that stands for more than one origin. */
export const isWildcard = (item: string): boolean => item.includes('*');

function isUnder(item: string, origin: string): boolean {
  const [before = '', after] = item.split('*');
  if (after === undefined || after === '') return false;
  const isInside = origin.startsWith(before) && origin.endsWith(after);
  return isInside && /^[a-z0-9_-]{1,63}$/.test(origin.slice(before.length, -after.length));
}

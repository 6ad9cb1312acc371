/**
 * True if `ALLOWED_ORIGINS` contains this origin of a page (RFC 6454 §6.2): exactly, by `*`, or by a wildcard such as
 * `https://*.tenants.example`, which matches one label. Used by CORS and `usher doctor`.
 */
export function allowsOrigin(allowed: readonly string[], origin: string): boolean {
  return allowed.some(
    (item) => item === '*' || (isWildcard(item) ? isUnder(item, origin) : item === origin),
  );
}

/**
 * True if `ALLOWED_ORIGINS` contains this origin by name. Only pages of such an origin may use credentials that
 * browsers send automatically: `*` or a wildcard may match pages that an attacker controls.
 */
export function namesOrigin(allowed: readonly string[], origin: string): boolean {
  return !origin.includes('*') && allowed.includes(origin);
}

/** True for an item that matches more than one origin. */
export const isWildcard = (item: string): boolean => item.includes('*');

function isUnder(item: string, origin: string): boolean {
  const [before = '', after] = item.split('*');
  if (after === undefined || after === '') return false;
  const isInside = origin.startsWith(before) && origin.endsWith(after);
  return isInside && /^[a-z0-9_-]{1,63}$/.test(origin.slice(before.length, -after.length));
}

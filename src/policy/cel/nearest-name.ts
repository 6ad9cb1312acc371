import leven, { closestMatch } from 'leven';

/** Returns `; did you mean …?` with the name that is probably meant, or a list of the known names. */
export function suggestName(unknown: string, known: readonly string[]): string {
  const nearest = closestMatch(unknown, known);
  // Two swapped letters have distance 2. With 2 for shorter names, `id` would be a misspelt `now`.
  const maxDistance = unknown.length < 4 ? 1 : 2;
  if (nearest !== undefined && leven(unknown, nearest) <= maxDistance)
    return `; did you mean ${nearest}?`;
  return known.length === 0 ? '' : `; known: ${known.join(', ')}`;
}

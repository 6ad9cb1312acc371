/**
 * The characters of a set such as `0-9a-f`, each once. A `-` between two characters is a range of letters or of digits; at the
 * beginning or at the end it is a character. `undefined` if a range is none.
 */
export function readCharacters(set: string): string | undefined {
  const found = new Set<string>();
  for (let i = 0; i < set.length; i += 1) {
    const first = set.charAt(i);
    const isRange = set.charAt(i + 1) === '-' && i + 2 < set.length;
    if (!isRange) {
      found.add(first);
      continue;
    }
    const range = charactersBetween(first, set.charAt(i + 2));
    if (range === undefined) return undefined;
    for (const character of range) found.add(character);
    i += 2;
  }
  return [...found].join('');
}

const alphabets: readonly string[] = [
  '0123456789',
  'abcdefghijklmnopqrstuvwxyz',
  'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
];

function charactersBetween(first: string, last: string): string | undefined {
  const alphabet = alphabets.find((each) => each.includes(first) && each.includes(last));
  const range = alphabet?.slice(alphabet.indexOf(first), alphabet.indexOf(last) + 1);
  return range === '' ? undefined : range;
}

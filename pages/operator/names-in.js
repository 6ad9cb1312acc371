/** The names of a text that separates them by commas. */
export function namesIn(text) {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter(Boolean);
}

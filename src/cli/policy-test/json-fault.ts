/** Where a text stops being JSON, as a line and a column. The parser's own message quotes the text, and has no place for most faults. */
export function placeOfFault(text: string): string {
  let [longest, tooLong] = [0, text.length + 1];
  while (tooLong - longest > 1) {
    const length = Math.floor((longest + tooLong) / 2);
    if (isBeginning(text.slice(0, length))) longest = length;
    else tooLong = length;
  }
  const lines = text.slice(0, longest).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

/** Whether this is JSON, or could be with more behind it: the parser then finds its fault at the end. */
function isBeginning(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    const { message } = error as SyntaxError;
    const [, position] = /at position (\d+)/.exec(message) ?? [];
    return position === undefined
      ? message.includes('end of JSON')
      : Number(position) === text.length;
  }
}

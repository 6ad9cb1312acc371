/** The line and column of the first syntax error. The message of `JSON.parse` quotes the text, and often has no position. */
export function positionOfFault(text: string): string {
  let [valid, invalid] = [0, text.length + 1];
  while (invalid - valid > 1) {
    const length = Math.floor((valid + invalid) / 2);
    if (isPrefix(text.slice(0, length))) valid = length;
    else invalid = length;
  }
  const lines = text.slice(0, valid).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

/** True if the text is JSON or the beginning of JSON: then the parser fails at its end. */
function isPrefix(text: string): boolean {
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

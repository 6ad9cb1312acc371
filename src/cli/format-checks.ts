/** Each check with its mark, and which was the first that failed. */
export function formatChecks(
  checks: readonly { readonly name: string; readonly passed: boolean }[],
): readonly string[] {
  if (checks.length === 0) return ['  No check was reached.'];
  const failed = checks.findIndex(({ passed }) => !passed);
  return checks.map(({ name, passed }, i) => {
    const first = i === failed ? '  <- the first that failed' : '';
    return `  ${passed ? '✓' : '✗'} ${name}${first}`;
  });
}

/** What was sent to us must not be able to move the cursor of a terminal. */
export function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '\uFFFD');
}

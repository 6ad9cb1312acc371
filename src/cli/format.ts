import type { ChannelDescription } from '../policy/channel-type.ts';

export function formatChecks(
  checks: readonly { readonly name: string; readonly passed: boolean }[],
): readonly string[] {
  if (checks.length === 0) return ['  No check was run.'];
  const failed = checks.findIndex(({ passed }) => !passed);
  return checks.map(({ name, passed }, i) => {
    const first = i === failed ? '  <- the first failed check' : '';
    return `  ${passed ? '✓' : '✗'} ${name}${first}`;
  });
}

/** Control characters of a request must not control the terminal. */
export function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, '\uFFFD');
}

/** A number with its noun, such as `1 grant` and `2 grants`. */
export const countOf = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? '' : 's'}`;

export function formatChannel({ patterns, about, checks }: ChannelDescription): string {
  const rules = Object.entries(checks).map(
    ([kind, names]) => `  checks for a ${kind}\n${names.map((n) => `    - ${n}\n`).join('')}`,
  );
  const lines = about === '' ? patterns : [...patterns, `  ${about}`];
  return `${lines.join('\n')}\n${rules.join('')}`;
}

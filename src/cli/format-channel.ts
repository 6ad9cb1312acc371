import type { ChannelDescription } from '../policy/describe-channel.ts';

export function formatChannel({ patterns, about, checks }: ChannelDescription): string {
  const rules = Object.entries(checks).map(
    ([kind, names]) => `  checks for a ${kind}\n${names.map((n) => `    - ${n}\n`).join('')}`,
  );
  return `${patterns.join('\n')}\n  ${about}\n${rules.join('')}`;
}

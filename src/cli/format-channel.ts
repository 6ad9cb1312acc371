import type { ChannelDescription } from '../policy/channel-type.ts';

export function formatChannel({ patterns, about, checks }: ChannelDescription): string {
  const rules = Object.entries(checks).map(
    ([kind, names]) => `  checks for a ${kind}\n${names.map((n) => `    - ${n}\n`).join('')}`,
  );
  const lines = about === '' ? patterns : [...patterns, `  ${about}`];
  return `${lines.join('\n')}\n${rules.join('')}`;
}

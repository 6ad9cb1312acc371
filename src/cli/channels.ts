import { catalogue } from '../channels/index.ts';
import { describeFamily } from '../core/describe.ts';
import type { Command } from './command.ts';

/** Lists every family of channels: patterns, who may enter, what is checked. */
export const channels: Command = {
  usage:
    'channels                  list the channels there are, who may enter, and what is checked',
  run: () => Promise.resolve(catalogue.families.map((f) => printed(describeFamily(f))).join('\n')),
};

function printed({ patterns, about, checks }: ReturnType<typeof describeFamily>): string {
  const rules = Object.entries(checks).map(
    ([kind, names]) => `  a ${kind} enters when\n${names.map((n) => `    - ${n}\n`).join('')}`,
  );
  return `${patterns.join('\n')}\n  ${about}\n${rules.join('')}`;
}

import { paramOf, undeclaredParam } from '../../../policy/param.ts';
import {
  AmbiguousPatterns,
  TooManyOverlaps,
  createPatternMatcher,
} from '../../../policy/pattern-automaton.ts';
import { parsePattern, type Pattern } from '../../../policy/pattern.ts';
import type { LaravelChannel, LaravelChannels, Unread } from './read-channels.ts';
import { toPattern, type WrittenPattern } from './to-pattern.ts';

/** A channel with its pattern. */
export interface ChosenChannel extends LaravelChannel {
  readonly pattern: WrittenPattern;
}

export interface ChosenChannels {
  readonly channels: readonly ChosenChannel[];
  /** Comments of the policy, by their line. */
  readonly unread: readonly Unread[];
}

/** Chooses the channels that can be in one policy: each has a pattern, and no name matches two of them. */
export function chooseChannels({ channels, unread }: LaravelChannels): ChosenChannels {
  const left: Unread[] = [...unread];
  const chosen = new Map<LaravelChannel, ChosenChannel>();
  const leave = ({ line, source }: LaravelChannel, reason: string) => {
    left.push({ line, source, reason });
  };
  // The wider patterns first: they may have the names of the others, about which Laravel then decides as well.
  const byWidth = channels
    .map((channel, i) => ({ channel, i, literals: channel.name.replaceAll(/\{.*?\}/g, '').length }))
    .sort((one, other) => one.literals - other.literals || other.i - one.i);
  for (const { channel } of byWidth) {
    const pattern = toPattern(channel.name);
    if (typeof pattern === 'string') {
      leave(channel, pattern);
      continue;
    }
    const conflict = conflictOf(pattern, [...chosen.values()]);
    if (conflict === undefined) chosen.set(channel, { ...channel, pattern });
    else leave(channel, conflict);
  }
  return {
    channels: channels.flatMap((channel) => chosen.get(channel) ?? []),
    unread: left.sort((one, other) => one.line - other.line),
  };
}

const matchable = (text: string, params: readonly string[]) => ({
  pattern: parsePattern(text) satisfies Pattern,
  params: Object.fromEntries(params.map((name) => [name, paramOf(undeclaredParam)])),
});

/** Why this pattern cannot be beside the others. */
function conflictOf(
  { text, params }: WrittenPattern,
  others: readonly ChosenChannel[],
): string | undefined {
  const same = others.find(({ pattern }) => pattern.text === text);
  if (same !== undefined)
    return `line ${same.line} declares the same channel, and Laravel uses the last one`;
  const all = [...others.map(({ pattern }) => pattern), { text, params }];
  try {
    createPatternMatcher(all.map((each) => matchable(each.text, each.params)));
    return undefined;
  } catch (error) {
    if (error instanceof TooManyOverlaps) return error.message;
    if (!(error instanceof AmbiguousPatterns)) throw error;
    const other = error.patterns.find((each) => each !== text) ?? text;
    return params.length === 0
      ? `${other} has this name too, so Laravel still decides about it`
      : `${other} has names of it too: about these Laravel still decides; for the others declare types of the parameters (params) so that no name fits both`;
  }
}

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
  // Wider patterns first: they may match the names of the others, and Laravel also decides about those.
  const byWidth = channels
    .map((channel, i) => ({ channel, i, literals: channel.name.replaceAll(/\{.*?\}/g, '').length }))
    .sort((one, other) => one.literals - other.literals || other.i - one.i);
  const candidates = byWidth.flatMap(({ channel }) => {
    const pattern = toPattern(channel.name);
    if (typeof pattern !== 'string') return [{ channel, pattern }];
    leave(channel, pattern);
    return [];
  });
  addInHalves(candidates, (some) => {
    const patterns = some.map(({ pattern }) => pattern);
    const conflict = conflictOf(patterns, [...chosen.values()]);
    if (conflict === undefined) {
      for (const { channel, pattern } of some) chosen.set(channel, { ...channel, pattern });
    } else if (some.length === 1) {
      for (const { channel } of some) leave(channel, conflict);
    }
    return conflict === undefined;
  });
  return {
    channels: channels.flatMap((channel) => chosen.get(channel) ?? []),
    unread: left.sort((one, other) => one.line - other.line),
  };
}

/** Adds all at once, and in halves if that fails: one after the other would take seconds for hundreds of channels. */
function addInHalves<T>(all: readonly T[], add: (some: readonly T[]) => boolean): void {
  if (all.length === 0 || add(all) || all.length === 1) return;
  const half = Math.ceil(all.length / 2);
  addInHalves(all.slice(0, half), add);
  addInHalves(all.slice(half), add);
}

const matchable = (text: string, params: readonly string[]) => ({
  pattern: parsePattern(text) satisfies Pattern,
  params: Object.fromEntries(params.map((name) => [name, paramOf(undeclaredParam)])),
});

/** Why these patterns conflict with the others. The reason is exact only for a single pattern. */
function conflictOf(
  added: readonly WrittenPattern[],
  others: readonly ChosenChannel[],
): string | undefined {
  const texts = new Set(added.map(({ text }) => text));
  const same = others.find(({ pattern }) => texts.has(pattern.text));
  if (same !== undefined)
    return `line ${same.line} declares the same channel, and Laravel uses the last one`;
  const all = [...others.map(({ pattern }) => pattern), ...added];
  try {
    createPatternMatcher(all.map((each) => matchable(each.text, each.params)));
    return undefined;
  } catch (error) {
    if (error instanceof TooManyOverlaps) return error.message;
    if (!(error instanceof AmbiguousPatterns)) throw error;
    const other = error.patterns.find((each) => !texts.has(each)) ?? error.patterns[0];
    return added.every(({ params }) => params.length === 0)
      ? `${other} matches this name too, so Laravel still decides about it`
      : `${other} matches some of its names, and Laravel still decides about those; for the others declare the types of the parameters (params), so that no name matches both`;
  }
}

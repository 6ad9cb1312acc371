import {
  isCacheBody,
  parseChannelName,
  withoutCache,
  type ChannelForm,
  type ChannelName,
} from './pusher-names.ts';
import { isCachePattern, type ChannelType } from './channel-type.ts';
import type { Pattern } from './pattern.ts';
import { type MatchResult } from './pattern-matcher.ts';
import { createPatternMatcher } from './pattern-automaton.ts';

/** The channel type of a name, and the values of its parameters. */
export interface ChannelMatch {
  readonly channelType: ChannelType;
  readonly channel: ChannelName;
  readonly params: Readonly<Record<string, string>>;
}

export interface ChannelRegistry {
  readonly channelTypes: readonly ChannelType[];
  /** The patterns of the channel types with a shadow. */
  readonly shadowed: ReadonlySet<string>;
  /** Matches a name, which must match exactly one channel type in exactly one way. */
  match(channel: ChannelName): ChannelMatch | 'unknown' | 'ambiguous';
  /** Matches the text of a name; `undefined` if there is not exactly one match. */
  matchText(text: string): ChannelMatch | undefined;
}

/** Throws at start if a name could match two patterns; the error names both. */
export function createChannelRegistry(channelTypes: readonly ChannelType[]): ChannelRegistry {
  const ordinary = matchersOf((form) => ordinaryOf(form, channelTypes));
  const cache = matchersOf((form) => cacheOf(form, channelTypes));
  const match: ChannelRegistry['match'] = (channel) => {
    const { form, body } = channel;
    // A server stores events of a cache channel, so a parameter of another pattern must not include `cache-`.
    const result = isCacheBody(body) ? cache[form](withoutCache(body)) : ordinary[form](body);
    if (typeof result === 'string') return result;
    return { channelType: result.found.channelType, channel, params: result.values };
  };
  return {
    channelTypes,
    shadowed: new Set(
      channelTypes.flatMap(({ pattern, shadow }) => (shadow === undefined ? [] : [pattern.text])),
    ),
    match,
    matchText: (text) => {
      const channel = parseChannelName(text);
      const result = channel === undefined ? 'unknown' : match(channel);
      return typeof result === 'string' ? undefined : result;
    },
  };
}

/** A channel type with the pattern of its names after the prefix of a form. */
interface MatchedType extends Pick<ChannelType, 'pattern' | 'params'> {
  readonly channelType: ChannelType;
}

type Matcher = (body: string) => MatchResult<MatchedType>;

function matchersOf(
  typesOf: (form: ChannelForm) => readonly MatchedType[],
): Readonly<Record<ChannelForm, Matcher>> {
  const matcherOf = (form: ChannelForm) => createPatternMatcher(typesOf(form));
  return {
    private: matcherOf('private'),
    presence: matcherOf('presence'),
    'private-encrypted': matcherOf('private-encrypted'),
  };
}

function ordinaryOf(form: ChannelForm, types: readonly ChannelType[]): readonly MatchedType[] {
  return types
    .filter(({ pattern, forms }) => forms.includes(form) && !isCachePattern(pattern))
    .map((channelType) => matchedAs(channelType, channelType.pattern));
}

/** The types of cache channels, whose patterns are matched after `cache-`. */
function cacheOf(form: ChannelForm, types: readonly ChannelType[]): readonly MatchedType[] {
  return types.flatMap((channelType) => {
    const { pattern, forms } = channelType;
    if (!isCachePattern(pattern)) {
      return forms.includes(`${form}-cache`) ? [matchedAs(channelType, pattern)] : [];
    }
    return forms.includes(form) ? [matchedAs(channelType, withoutCachePrefix(pattern))] : [];
  });
}

const matchedAs = (channelType: ChannelType, pattern: Pattern): MatchedType => ({
  channelType,
  pattern,
  params: channelType.params,
});

function withoutCachePrefix(pattern: Pattern): Pattern {
  const [first, ...others] = pattern.segments;
  const rest = first !== undefined && 'literal' in first ? withoutCache(first.literal) : '';
  return { ...pattern, segments: rest === '' ? others : [{ literal: rest }, ...others] };
}

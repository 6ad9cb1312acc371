import { parseChannelName, type ChannelForm, type ChannelName } from './channel-name.ts';
import type { ChannelType } from './channel-type.ts';
import { createPatternMatcher, type MatchResult } from './pattern-matcher.ts';

/** The channel type of a name, and the values of its parameters. */
export interface ChannelMatch {
  readonly channelType: ChannelType;
  readonly channel: ChannelName;
  readonly params: Readonly<Record<string, string>>;
}

export interface ChannelRegistry {
  readonly channelTypes: readonly ChannelType[];
  /** Matches a name, which must match exactly one channel type in exactly one way. */
  match(channel: ChannelName): ChannelMatch | 'unknown' | 'ambiguous';
  /** Matches the text of a name; `undefined` if there is not exactly one match. */
  matchText(text: string): ChannelMatch | undefined;
}

/** Throws at start if a name could match two patterns; the error names both. */
export function createChannelRegistry(channelTypes: readonly ChannelType[]): ChannelRegistry {
  const matcherOf = (form: ChannelForm): ((text: string) => MatchResult<ChannelType>) =>
    createPatternMatcher(channelTypes.filter(({ forms }) => forms.includes(form)));
  const matchers = {
    private: matcherOf('private'),
    presence: matcherOf('presence'),
    'private-encrypted': matcherOf('private-encrypted'),
  } as const;
  const match: ChannelRegistry['match'] = (channel) => {
    const result = matchers[channel.form](channel.body);
    if (typeof result === 'string') return result;
    return { channelType: result.found, channel, params: result.values };
  };
  return {
    channelTypes,
    match,
    matchText: (text) => {
      const channel = parseChannelName(text);
      const result = channel === undefined ? 'unknown' : match(channel);
      return typeof result === 'string' ? undefined : result;
    },
  };
}

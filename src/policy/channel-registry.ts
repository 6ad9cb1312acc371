import type { ChannelForm, ChannelName } from './channel-name.ts';
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
  return {
    channelTypes,
    match: (channel) => {
      const result = matchers[channel.form](channel.body);
      if (typeof result === 'string') return result;
      return { channelType: result.found, channel, params: result.values };
    },
  };
}

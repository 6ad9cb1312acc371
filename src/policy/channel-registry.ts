import type { ChannelForm, ChannelName } from './channel-name.ts';
import type { ChannelType } from './define-channel.ts';
import { createPatternMatcher, type MatchResult } from './pattern-matcher.ts';

/** What a channel name means: its family and the values of its parameters. */
export interface ChannelMatch {
  readonly channelType: ChannelType;
  readonly channel: ChannelName;
  readonly params: Readonly<Record<string, string>>;
}

/** All families of channels there are. */
export interface ChannelRegistry {
  readonly channelTypes: readonly ChannelType[];
  /** Reads a name; it means something only if it has exactly one reading across all families. */
  match(channel: ChannelName): ChannelMatch | 'unknown' | 'ambiguous';
}

/** Puts families into one catalogue; throws at start, naming both patterns, when two could clash. */
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

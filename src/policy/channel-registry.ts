import type { ChannelForm, ChannelName } from './channel-name.ts';
import type { ChannelFamily } from './define-channel.ts';
import { createReader, type ReadResult } from './pattern-matcher.ts';

/** What a channel name means: its family and the values of its parameters. */
export interface Reading {
  readonly family: ChannelFamily;
  readonly channel: ChannelName;
  readonly params: Readonly<Record<string, string>>;
}

/** All families of channels there are. */
export interface Catalogue {
  readonly families: readonly ChannelFamily[];
  /** Reads a name; it means something only if it has exactly one reading across all families. */
  read(channel: ChannelName): Reading | 'unknown' | 'ambiguous';
}

/** Puts families into one catalogue; throws at start, naming both patterns, when two could clash. */
export function createCatalogue(families: readonly ChannelFamily[]): Catalogue {
  const readerOf = (form: ChannelForm): ((text: string) => ReadResult<ChannelFamily>) =>
    createReader(families.filter(({ forms }) => forms.includes(form)));
  const readers = {
    private: readerOf('private'),
    presence: readerOf('presence'),
    'private-encrypted': readerOf('private-encrypted'),
  } as const;
  return {
    families,
    read: (channel) => {
      const result = readers[channel.form](channel.body);
      if (typeof result === 'string') return result;
      return { family: result.found, channel, params: result.values };
    },
  };
}

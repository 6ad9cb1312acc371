import { fieldsOf } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { repeatedField } from '../../input/json-body.ts';
import { malformed } from '../../output/problem.ts';

const maxChannels = 100;

/**
 * Reads the channel names of a batch: the form fields `channel_name[0]`, `channel_name[1]`, … that `pusher-js-auth` 4
 * sends, or the JSON list `channel_name`. Throws a 400 for no name, for more than a hundred, and for a name that is
 * repeated, not a text, or too long.
 */
export function channelNames(body: unknown): readonly string[] {
  const fields = fieldsOf(body);
  const numbered = Object.entries(fields).filter(([field]) => field.startsWith('channel_name['));
  const listed = fields['channel_name'] ?? undefined;
  // If a request has both forms, two parsers would read different channels.
  const isTwice = listed === repeatedField || numbered.some(([, value]) => value === repeatedField);
  if (isTwice || (listed !== undefined && numbered.length > 0)) {
    throw malformed('channel_name is repeated');
  }
  if (listed !== undefined && !Array.isArray(listed))
    throw malformed('channel_name must be a list');
  if (numbered.some(([field]) => !/^channel_name\[(0|[1-9][0-9]{0,3})\]$/.test(field))) {
    throw malformed('channel_name is malformed');
  }
  const names: readonly unknown[] = listed ?? numbered.map(([, value]) => value);
  if (names.length === 0) throw malformed('channel_name is required');
  if (names.length > maxChannels) throw malformed(`channel_name has more than ${maxChannels}`);
  if (!names.every(isName)) throw malformed('channel_name is malformed');
  if (new Set(names).size < names.length) throw malformed('channel_name has a channel twice');
  return names;
}

/** Returns an upper bound of the number of channels in a body. The names are not validated yet. */
export function maxChannelNames(body: unknown): number {
  const fields = fieldsOf(body);
  const listed = fields['channel_name'];
  return Array.isArray(listed) ? listed.length : Object.keys(fields).length;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxCharacters.channelName;
}

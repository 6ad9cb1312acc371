import { fieldsOf } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { repeatedField } from '../../input/repeated-field.ts';
import { malformed } from '../../output/problem.ts';

const maxChannels = 100;

/**
 * The names of a batch: `channel_name[0]`, `channel_name[1]`, … of a form, as `pusher-js-auth` 4 sends them, or the list
 * `channel_name` of JSON. A 400 for none, for more than a hundred, and for one that is repeated, no text, or too long.
 */
export function channelNames(body: unknown): readonly string[] {
  const fields = fieldsOf(body);
  const numbered = Object.entries(fields).filter(([field]) => field.startsWith('channel_name['));
  const listed = fields['channel_name'];
  // Two readers of a request that has both would ask about different channels.
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

/** How many channels a body can be about at most, counted before it is read. */
export function maxChannelNames(body: unknown): number {
  const fields = fieldsOf(body);
  const listed = fields['channel_name'];
  return Array.isArray(listed) ? listed.length : Object.keys(fields).length;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= maxCharacters.channelName;
}

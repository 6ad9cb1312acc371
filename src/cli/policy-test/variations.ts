import { fillPattern } from '../../policy/pattern.ts';
import { readingOf } from '../match-channel.ts';
import type { Who } from './policy-file.ts';

/** A question that is put to the policy. */
export interface Asked {
  readonly who: Who | undefined;
  readonly channel: string;
  /** The tenant that the request names. */
  readonly tenant: string | undefined;
  readonly expired?: true;
}

/** What nobody meant to allow with a row, by name: each must be refused, unless the row says otherwise. */
export function variationsOf(asked: Asked): ReadonlyMap<string, Asked> {
  const { who = {}, channel } = asked;
  const others: [string, Asked][] = [
    ['no credential', { ...asked, who: undefined }],
    ['expired credential', { ...asked, expired: true }],
    ...otherPeople(asked, who),
    ...otherNames(channel).map(([name, text]): [string, Asked] => [
      name,
      { ...asked, channel: text },
    ]),
  ];
  return new Map(others);
}

const stranger = 'usher-stranger';

function otherPeople(asked: Asked, who: Who): readonly [string, Asked][] {
  if (who.user === undefined) {
    return [['other booking', { ...asked, who: { ...who, booking: stranger } }]];
  }
  const other = { ...asked, who: { ...who, tenant: stranger } };
  return [
    ['other user', { ...asked, who: { ...who, user: stranger, roles: [] } }],
    ['other tenant', { ...other, tenant: stranger }],
    ['other tenant, this one in the request', other],
  ];
}

function otherNames(channel: string): readonly [string, string][] {
  const reading = readingOf(channel);
  if (reading === undefined) return [];
  const { family, params } = reading;
  const { form, body } = reading.channel;
  const segments = Object.entries(params).map(([name, value]): [string, string] => {
    const changed = fillPattern(family.pattern, { ...params, [name]: `${value}x` });
    return [`other ${name}`, `${form}-${changed}`];
  });
  const forms = (['private', 'presence', 'private-encrypted'] as const).filter(
    (each) => !family.forms.includes(each),
  );
  const prefixes = forms.map((each): [string, string] => [`as ${each}-`, `${each}-${body}`]);
  return [...segments, ...prefixes, ['without a prefix', body]];
}

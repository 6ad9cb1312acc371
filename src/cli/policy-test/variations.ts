import { fillPattern } from '../../policy/pattern.ts';
import { matchOf } from '../match-channel.ts';
import type { Subject } from './policy-file.ts';

/** A question that is put to the policy. */
export interface PolicyRequest {
  readonly who: Subject | undefined;
  readonly channel: string;
  /** The tenant that the request names. */
  readonly tenant: string | undefined;
  readonly expired?: true;
}

/** What nobody meant to allow with a row, by name: each must be refused, unless the row says otherwise. */
export function variationsOf(request: PolicyRequest): ReadonlyMap<string, PolicyRequest> {
  const { who = {}, channel } = request;
  const others: [string, PolicyRequest][] = [
    ['no credential', { ...request, who: undefined }],
    ['expired credential', { ...request, expired: true }],
    ...otherPeople(request, who),
    ...otherNames(channel).map(([name, text]): [string, PolicyRequest] => [
      name,
      { ...request, channel: text },
    ]),
  ];
  return new Map(others);
}

const stranger = 'usher-stranger';

function otherPeople(request: PolicyRequest, who: Subject): readonly [string, PolicyRequest][] {
  if (who.user === undefined) {
    return [['other booking', { ...request, who: { ...who, booking: stranger } }]];
  }
  const other = { ...request, who: { ...who, tenant: stranger } };
  return [
    ['other user', { ...request, who: { ...who, user: stranger, roles: [] } }],
    ['other tenant', { ...other, tenant: stranger }],
    ['other tenant, this one in the request', other],
  ];
}

function otherNames(channel: string): readonly [string, string][] {
  const match = matchOf(channel);
  if (match === undefined) return [];
  const { channelType, params } = match;
  const { form, body } = match.channel;
  const segments = Object.entries(params).map(([name, value]): [string, string] => {
    const changed = fillPattern(channelType.pattern, { ...params, [name]: `${value}x` });
    return [`other ${name}`, `${form}-${changed}`];
  });
  const forms = (['private', 'presence', 'private-encrypted'] as const).filter(
    (each) => !channelType.forms.includes(each),
  );
  const prefixes = forms.map((each): [string, string] => [`as ${each}-`, `${each}-${body}`]);
  return [...segments, ...prefixes, ['without a prefix', body]];
}

import { fillPattern } from '../../policy/pattern.ts';
import { matchOf } from '../match-channel.ts';
import type { Subject } from './policy-file.ts';

export interface PolicyRequest {
  readonly who: Subject | undefined;
  readonly channel: string;
  /** The `X-Tenant-ID` of the request. */
  readonly tenant: string | undefined;
  readonly expired?: true;
}

/** Variations of a granted row, by name. Each must be refused, unless the row lists it. */
export function variationsOf(request: PolicyRequest): ReadonlyMap<string, PolicyRequest> {
  const { who = {}, channel } = request;
  const others: [string, PolicyRequest][] = [
    ['no credential', { ...request, who: undefined }],
    ['expired credential', { ...request, expired: true }],
    ...otherSubjects(request, who),
    ...otherChannels(channel).map(([name, text]): [string, PolicyRequest] => [
      name,
      { ...request, channel: text },
    ]),
  ];
  return new Map(others);
}

const stranger = 'usher-stranger';

function otherSubjects(request: PolicyRequest, who: Subject): readonly [string, PolicyRequest][] {
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

function otherChannels(channel: string): readonly [string, string][] {
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

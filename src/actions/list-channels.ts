import type { Catalogue } from '../core/catalogue.ts';
import { parseChannelName } from '../core/channel-name.ts';
import type { RefusalCode } from '../core/decision.ts';
import type { ChannelFamily } from '../core/define-channel.ts';
import type { FindOwn } from '../core/facts.ts';
import { fillPattern } from '../core/pattern.ts';
import type { Principal } from '../core/principal.ts';
import type { SignInQuestion } from '../core/question.ts';
import { establishPrincipal, type EstablishPorts } from './establish-principal.ts';
import { judgeReading, type JudgePorts } from './judge-reading.ts';

/** Whom this action asks. */
export interface ListChannelsPorts extends EstablishPorts, JudgePorts {
  readonly catalogue: Catalogue;
  readonly findOwn: FindOwn;
}

/** The names of the channels that the asker may enter now, or why not even that is told. Throws `Unavailable`. */
export type ListChannels = (
  question: Pick<SignInQuestion, 'credentials' | 'pinned'>,
) => Promise<readonly string[] | RefusalCode>;

/** Lists the asker's own channels, each judged as if it were asked for: a client can drop what is not among them. */
export function createListChannels(ports: ListChannelsPorts): ListChannels {
  return async ({ credentials, pinned }) => {
    const established = await establishPrincipal(credentials, ports);
    if ('code' in established) return established.code;
    const { principal } = established;
    const channels: string[] = [];
    for (const family of ports.catalogue.families) {
      for (const name of await ownNames(family, principal, ports.findOwn)) {
        const channel = parseChannelName(name);
        const reading = channel && ports.catalogue.read(channel);
        if (reading === undefined || typeof reading === 'string') continue;
        const { refused } = await judgeReading(reading, { principal, pinned }, ports);
        if (refused === undefined) channels.push(name);
      }
    }
    return channels;
  };
}

async function ownNames(
  family: ChannelFamily,
  principal: Principal,
  findOwn: FindOwn,
): Promise<readonly string[]> {
  const own = await family.ownOf(principal, findOwn);
  return own.flatMap((params) => {
    const body = fillPattern(family.pattern, params);
    return family.forms.map((form) => `${form}-${body}`);
  });
}

import type { Origin } from '../core/audit-event.ts';
import type { Catalogue, Reading } from '../core/catalogue.ts';
import { parseChannelName } from '../core/channel-name.ts';
import { firstFailed, type RefusalCode } from '../core/decision.ts';
import type { ChannelFamily } from '../core/define-channel.ts';
import type { FindOwn, OpenOwnPage, OwnCursor } from '../core/facts.ts';
import type { Limits, ReportExcess } from '../core/limits.ts';
import { fillPattern } from '../core/pattern.ts';
import { principalId, principalKey, tenantOf, type Principal } from '../core/principal.ts';
import type { SignInQuestion } from '../core/question.ts';
import { establishPrincipal, tenantChecks, type EstablishPorts } from './establish-principal.ts';
import { admittedOf, type JudgePorts } from './judge-reading.ts';

/** Whom this action asks. */
export interface ListChannelsPorts extends EstablishPorts, JudgePorts {
  readonly catalogue: Catalogue;
  readonly openOwnPage: OpenOwnPage;
  readonly limits: Pick<Limits, 'take'>;
  /** Authorizations a minute and principal, of which a list is one. */
  readonly authorizations: number;
  readonly reportExcess: ReportExcess;
}

/** One page of the channels that a principal may enter now; `next` where another page follows. */
export interface ChannelPage {
  readonly channels: readonly string[];
  readonly next: OwnCursor | undefined;
}

/** Why there is no list; `retryAfterMs` where only waiting helps. */
export interface ListRefusal {
  readonly code: RefusalCode;
  readonly retryAfterMs?: number;
}

/** Lists the asker's own channels, or says why not. Throws `Unavailable`. */
export type ListChannels = (
  question: Pick<SignInQuestion, 'credentials' | 'pinned' | 'origin'> & {
    readonly cursor?: OwnCursor | undefined;
  },
) => Promise<ChannelPage | ListRefusal>;

/** Lists the asker's own channels, each judged as if it were asked for: a client can drop what is not among them. */
export function createListChannels(ports: ListChannelsPorts): ListChannels {
  return async ({ credentials, pinned, origin, cursor }) => {
    const established = await establishPrincipal(credentials, ports);
    if ('code' in established) return { code: established.code };
    const { principal } = established;
    // Else a page that names the wrong tenant would be told that it may enter nothing, and leave all its channels.
    const disagreed = firstFailed(tenantChecks(pinned, principal, undefined));
    if (disagreed) return { code: disagreed.code };
    const excess = await countList(principal, origin, ports);
    if (excess) return excess;

    const page = ports.openOwnPage(cursor);
    // Families without a fact are listed whole, on the first page.
    const families = ports.catalogue.families.filter(({ load }) => load || cursor === undefined);
    const admitted = await Promise.all(
      families.map(async (family) => {
        const entries = await readingsOf(family, principal, { ...ports, findOwn: page.find });
        const judged = entries.map((readings) =>
          admittedOf(readings, { principal, pinned }, ports),
        );
        return (await Promise.all(judged)).flat();
      }),
    );
    return { channels: admitted.flat().map(({ channel }) => channel.text), next: page.next() };
  };
}

async function countList(
  principal: Principal,
  origin: Origin,
  { limits, authorizations, reportExcess }: ListChannelsPorts,
): Promise<ListRefusal | undefined> {
  const key = principalKey(principal);
  const taken = await limits.take([{ limit: 'authorizations', key, perMinute: authorizations }]);
  if (!('excess' in taken)) return undefined;
  const subject = { principalId: principalId(principal), tenantId: tenantOf(principal) };
  await reportExcess('authorizations', key, { origin, ...subject });
  return { code: 'too-many-authorizations', retryAfterMs: taken.retryAfterMs };
}

/** For each of the principal's own parameters of a family, what its forms are read as; ids that no channel can name are left out. */
async function readingsOf(
  family: ChannelFamily,
  principal: Principal,
  { catalogue, findOwn }: { readonly catalogue: Catalogue; readonly findOwn: FindOwn },
): Promise<readonly (readonly Reading[])[]> {
  const own = await family.ownOf(principal, findOwn);
  return own.map((params) => {
    const body = fillPattern(family.pattern, params);
    return family.forms.flatMap((form) => {
      const channel = parseChannelName(`${form}-${body}`);
      const reading = channel && catalogue.read(channel);
      return reading === undefined || typeof reading === 'string' ? [] : [reading];
    });
  });
}

import type { Origin, RecordDecision } from '../core/audit-event.ts';
import type { Catalogue, Reading } from '../core/catalogue.ts';
import { parseChannelName } from '../core/channel-name.ts';
import {
  firstFailed,
  refuse,
  type Judged,
  type Refusal,
  type RefusalCode,
} from '../core/decision.ts';
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
  readonly record: RecordDecision;
  readonly newId: () => string;
}

/** One page of the channels that a principal may enter now; `next` where another page follows. */
export interface ChannelPage {
  readonly channels: readonly string[];
  readonly next: OwnCursor | undefined;
}

/** Why there is no list, and what is known of the principal; `retryAfterMs` where only waiting helps. */
interface NoList {
  readonly code: RefusalCode;
  readonly known: Pick<Judged, 'principal' | 'tenantId'>;
  readonly retryAfterMs?: number;
}

type ListQuestion = Pick<SignInQuestion, 'credentials' | 'pinned' | 'origin'> & {
  readonly cursor?: OwnCursor | undefined;
};

/** Lists the principal's own channels, or returns the refusal, which is recorded first. Throws `Unavailable`. */
export type ListChannels = (question: ListQuestion) => Promise<ChannelPage | Refusal>;

/** Lists the asker's own channels, each judged as if it were asked for: a client can drop what is not among them. */
export function createListChannels(ports: ListChannelsPorts): ListChannels {
  return async (question) => {
    const listed = await list(question, ports);
    if ('channels' in listed) return listed;
    const { code, known, retryAfterMs } = listed;
    const unread: Judged = { id: ports.newId(), action: 'list-channels', checks: [], ...known };
    const refusal: Refusal = {
      ...refuse(unread, code),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    };
    await ports.record(refusal, question.origin);
    return refusal;
  };
}

async function list(
  { credentials, pinned, origin, cursor }: ListQuestion,
  ports: ListChannelsPorts,
): Promise<ChannelPage | NoList> {
  const established = await establishPrincipal(credentials, ports);
  if ('code' in established) return established;
  const { principal } = established;
  // Otherwise a page with the wrong tenant would get an empty list, and leave all its channels.
  const disagreed = firstFailed(tenantChecks(pinned, principal, undefined));
  const known = { principal, tenantId: tenantOf(principal) };
  if (disagreed) return { code: disagreed.code, known };
  const excess = await countList(principal, origin, ports);
  if (excess) return excess;

  const page = ports.openOwnPage(cursor);
  // Families without a fact are listed whole, on the first page.
  const families = ports.catalogue.families.filter(({ load }) => load || cursor === undefined);
  const admitted = await Promise.all(
    families.map(async (family) => {
      const entries = await readingsOf(family, principal, { ...ports, findOwn: page.find });
      const judged = entries.map((readings) => admittedOf(readings, { principal, pinned }, ports));
      return (await Promise.all(judged)).flat();
    }),
  );
  return { channels: admitted.flat().map(({ channel }) => channel.text), next: page.next() };
}

async function countList(
  principal: Principal,
  origin: Origin,
  { limits, authorizations, reportExcess }: ListChannelsPorts,
): Promise<NoList | undefined> {
  const key = principalKey(principal);
  const taken = await limits.take([{ limit: 'authorizations', key, perMinute: authorizations }]);
  if (!('excess' in taken)) return undefined;
  const subject = { principalId: principalId(principal), tenantId: tenantOf(principal) };
  await reportExcess('authorizations', key, { origin, ...subject });
  return {
    code: 'too-many-authorizations',
    known: { principal, tenantId: tenantOf(principal) },
    retryAfterMs: taken.retryAfterMs,
  };
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

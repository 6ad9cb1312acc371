import type { Logger } from 'pino';
import type { Stores } from './app-stores.ts';
import type { Config } from './config/load.ts';
import type { RecordDecision, RecordedDecision } from './core/audit-event.ts';
import type { Identify } from './core/credential.ts';
import type { Find } from './core/facts.ts';
import type { RevocationStore } from './core/revocation.ts';
import type { SpanFacts, Tracing } from './core/tracing.ts';

/** Starts tracing where a collector is configured; without one nothing of OpenTelemetry is loaded. */
export async function openTracing({ tracing }: Config, log: Logger): Promise<Tracing | undefined> {
  if (tracing === undefined) return undefined;
  const { startTracing } = await import('./tracing/tracing.ts');
  return startTracing({ ...tracing, log });
}

/** The same question, whose answer is a span; the question itself where nobody traces. */
export function traced<Args extends readonly unknown[], Answer>(
  tracing: Tracing | undefined,
  name: string,
  ask: (...args: Args) => Answer,
): (...args: Args) => Answer {
  return tracing === undefined ? ask : (...args) => tracing.span(name, () => ask(...args));
}

/** The same stores; what decisions ask them are spans. */
export function traceStores(stores: Stores, tracing: Tracing | undefined): Stores {
  const { find, revocations, memory, liveGrants, limiting } = stores;
  const { limits } = limiting;
  return {
    ...stores,
    find: traceFind(find, tracing),
    revocations: traceRevocations(revocations, tracing),
    // What is remembered shows too, as having taken no time.
    memory: {
      ...memory,
      find: traceFind(memory.find, tracing),
      revocations: traceRevocations(memory.revocations, tracing),
    },
    liveGrants: {
      ...liveGrants,
      keep: traced(tracing, 'ledger', liveGrants.keep),
      extend: traced(tracing, 'ledger', liveGrants.extend),
    },
    limiting: { ...limiting, limits: { ...limits, take: traced(tracing, 'limits', limits.take) } },
  };
}

function traceRevocations<Store extends Pick<RevocationStore, 'latest'>>(
  store: Store,
  tracing: Tracing | undefined,
): Store {
  return { ...store, latest: traced(tracing, 'revocations', store.latest) };
}

function traceFind(find: Find, tracing: Tracing | undefined): Find {
  if (tracing === undefined) return find;
  const { span } = tracing;
  return {
    booking: (...of) => span('fact booking', () => find.booking(...of)),
    escrow: (...of) => span('fact escrow', () => find.escrow(...of)),
    room: (...of) => span('fact room', () => find.room(...of)),
    order: (...of) => span('fact order', () => find.order(...of)),
  };
}

/** The same; a credential that is read is a span. */
export function traceIdentify(identify: Identify, tracing: Tracing | undefined): Identify {
  if (tracing === undefined) return identify;
  return (credential) =>
    tracing.span(
      `credential ${credential.kind}`,
      () => identify(credential),
      (answer): SpanFacts => ('fault' in answer ? { 'usher.code': answer.fault } : {}),
    );
}

/** The same; a decision that is recorded is a span, which tells the decision. */
export function traceRecord(record: RecordDecision, tracing: Tracing | undefined): RecordDecision {
  if (tracing === undefined) return record;
  return (decision, origin, asOf) =>
    tracing.span(
      'audit',
      () => record(decision, origin, asOf),
      (isKept): SpanFacts => (isKept ? factsOf(decision) : { 'usher.outcome': 'asked again' }),
    );
}

function factsOf(decision: RecordedDecision): SpanFacts {
  const { id, action, family, outcome } = decision;
  return {
    'usher.decision_id': id,
    'usher.action': action,
    'usher.outcome': outcome,
    ...(family !== undefined && { 'usher.family': family }),
    ...(outcome === 'refusal' && { 'usher.code': decision.code }),
  };
}

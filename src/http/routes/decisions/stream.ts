import type { ServerResponse } from 'node:http';
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { DecisionEntry } from '../../../audit/audit-event.ts';
import type { DecisionQuery, FindDecisions } from '../../../audit/decision-filters.ts';
import type { Policy } from '../../../policy/policy.ts';
import type { StartTimer, StopTimer } from '../../../runtime/timer.ts';
import { Unavailable } from '../../../runtime/unavailable.ts';
import { RequestProblem, retryAfter } from '../../output/problem.ts';
import { decisionBody } from './body.ts';
import { decisionStreamDocs } from './docs.ts';
import { readStreamQuery } from './query.ts';
import * as limits from './stream-limits.ts';

interface DecisionStreamDeps {
  readonly findDecisions: FindDecisions;
  readonly policy: () => Policy;
  readonly now: () => number;
  readonly startTimer: StartTimer;
  /** Aborted when Usher starts to shut down. */
  readonly closing: AbortSignal;
}

/**
 * Adds `GET /decisions/stream`: server-sent events with each new decision of all replicas. It reads the audit log
 * periodically, since a decision of another replica is known there only.
 */
export function addDecisionStream(server: FastifyInstance, deps: DecisionStreamDeps): void {
  const open = new Set<ServerResponse>();
  deps.closing.addEventListener('abort', () => {
    for (const response of open) response.end();
  });
  const options = { config: { docs: decisionStreamDocs }, exposeHeadRoute: false };
  server.get('/decisions/stream', options, (request, reply) => {
    const filters = readStreamQuery(request.query);
    if (deps.closing.aborted) throw new RequestProblem(503, limits.streamFaults.closing);
    if (open.size >= limits.maxStreams) {
      throw new RequestProblem(
        429,
        limits.streamFaults.tooMany,
        retryAfter(limits.retryAfterSeconds),
      );
    }
    reply.hijack();
    const response = reply.raw;
    open.add(response);
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-request-id': request.id,
      // nginx would collect the events.
      'x-accel-buffering': 'no',
    });
    const stop = startTail({ response, filters, log: request.log }, deps);
    response.once('close', () => {
      open.delete(response);
      stop();
    });
  });
}

interface Tail {
  readonly response: ServerResponse;
  readonly filters: DecisionQuery;
  readonly log: FastifyBaseLogger;
}

/** Sends new decisions until the returned function is called. */
function startTail({ response, filters, log }: Tail, deps: DecisionStreamDeps): StopTimer {
  const readNew = createReader(filters, deps);
  let isStopped = false;
  let stopTimer: StopTimer = () => undefined;
  let silentMs = 0;
  const send = (text: string): void => {
    silentMs = 0;
    response.write(text);
  };
  const poll = async (): Promise<void> => {
    silentMs += limits.pollIntervalMs;
    try {
      const { decisions, hasMore } = await readNew();
      const policy = deps.policy();
      if (hasMore) send(event('gap', {}));
      for (const each of decisions) send(event('decision', decisionBody(each, policy)));
      if (silentMs >= limits.heartbeatMs) send(': heartbeat\n\n');
    } catch (error) {
      if (!(error instanceof Unavailable)) log.error({ err: error }, 'decisions could not be read');
      send(event('unavailable', {}));
    }
  };
  const schedule = (): void => {
    if (isStopped) return;
    // A client that does not read would have its events collected here.
    if (response.writableLength > limits.maxUnsentBytes) response.destroy();
    else stopTimer = deps.startTimer(limits.pollIntervalMs, () => void poll().then(schedule));
  };
  send(': open\n\n');
  schedule();
  return () => {
    isStopped = true;
    stopTimer();
  };
}

/**
 * Returns a function that reads the decisions that were not read before, oldest first. A decision is written after its
 * time, so each read goes back further than the last one.
 */
function createReader(
  filters: DecisionQuery,
  { findDecisions, now }: Pick<DecisionStreamDeps, 'findDecisions' | 'now'>,
): () => Promise<{ readonly decisions: readonly DecisionEntry[]; readonly hasMore: boolean }> {
  const start = now();
  let seen = new Set<string>();
  return async () => {
    const from = Math.max(start, now() - limits.overlapMs);
    const { decisions, next } = await findDecisions({ filters, from, limit: limits.maxEvents });
    const unseen = decisions.filter(({ decision }) => !seen.has(decision.decisionId));
    const hasMore = next !== undefined && unseen.length === decisions.length;
    seen = new Set(decisions.map(({ decision }) => decision.decisionId));
    return { decisions: unseen.reverse(), hasMore };
  };
}

function event(name: string, data: object): string {
  return `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
}

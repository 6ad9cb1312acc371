import { withSpan } from '../observability/tracing/span.ts';
import { fetchBounded, type BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import { unobserved, type Observe } from '../runtime/observe.ts';
import type { PermitSettings } from '../runtime/permits.ts';
import {
  createQuestionQueue,
  queueLimits,
  Unanswered,
  type UnansweredReason,
} from '../runtime/question-queue.ts';
import { createSingleFlight } from '../runtime/single-flight.ts';
import type { StartTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { createResponseTimeouts } from './response-timeout.ts';
import { noStats, type HostStats, type QuestionOutcome } from './stats.ts';

/** A question to a host: a GET, or a POST if it has a body. */
export interface HostQuestion<T> {
  /**
   * Questions with the same key are asked once at a time, and get the same answer. A hash of each credential in it, and
   * never the credential: keys are kept in memory.
   */
  readonly key: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the server may send no response at all since this request was queued (default 10 s). */
  readonly silenceMs?: number;
  /** Reads the answer. An error that it throws is an outage. Its message goes to the log, so it has no values. */
  readonly read: (answer: BoundedResponse) => T;
}

/** Sends requests to one server of the application over HTTP. */
export interface HostClient {
  /** Throws `Unavailable`. */
  readonly ask: <T>(question: HostQuestion<T>) => Promise<T>;
}

export interface HostClientSettings {
  /** The dependency in `Unavailable`, metrics and spans. */
  readonly name: string;
  /** The only origin to which requests are sent. */
  readonly origin: string;
  readonly limits?: PermitSettings;
}

export interface HostClientDeps {
  readonly fetch: typeof fetch;
  readonly startTimer: StartTimer;
  /** Reports whether the host responds. */
  readonly observe?: Observe;
  readonly stats?: HostStats;
}

/** Enough for a host with many workers, and few enough that one with few workers has a short backlog of its own. */
export const hostLimits: PermitSettings = { ...queueLimits, maxConcurrent: 32 };

const defaultSilenceMs = 10_000;
/** The time-out of one request, including the time in the queue. It ends a response that arrives byte by byte. */
const maxTotalMs = 55_000;
const maxBodyBytes = 64 * 1024;

/** The errors of a connection that the host closed while it was idle, just when a question was sent on it. */
const closedConnection: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * Creates the client of one host. Questions beyond the limit of concurrent ones wait in FIFO order. Connections are
 * kept alive. Redirects are not followed.
 */
export function createHostClient(
  { name, origin, limits = hostLimits }: HostClientSettings,
  { fetch, startTimer, observe = unobserved, stats = noStats }: HostClientDeps,
): HostClient {
  const queue = createQuestionQueue(limits, startTimer);
  const timeouts = createResponseTimeouts(startTimer);
  const once = createSingleFlight<unknown>();
  stats.observe({ waiting: queue.waiting, underWay: queue.underWay });

  async function send(
    { url, headers, body, silenceMs = defaultSilenceMs }: HostQuestion<unknown>,
    ended: AbortController,
  ): Promise<BoundedResponse> {
    const watched = timeouts.watch(silenceMs, () => {
      ended.abort(new Error('The server did not answer in time'));
    });
    const request = { url, fetch, headers, body, signal: ended.signal, maxBodyBytes };
    try {
      const response = await fetchBounded(request).catch((error: unknown) => {
        if (!isClosedConnection(error) || ended.signal.aborted) throw error;
        return fetchBounded(request);
      });
      watched.answered();
      queue.answered();
      return response;
    } finally {
      watched.stop();
    }
  }

  async function askNow<T>(question: HostQuestion<T>, ended: AbortController): Promise<T> {
    const end = stats.start();
    let outcome: QuestionOutcome = 'failed';
    try {
      const response = await send(question, ended);
      outcome = 'unreadable';
      const answer = question.read(response);
      outcome = 'answered';
      return answer;
    } catch (error) {
      if (ended.signal.aborted) outcome = 'timeout';
      throw new Unavailable(name, { cause: error });
    } finally {
      end(outcome);
    }
  }

  async function askInTurn<T>(question: HostQuestion<T>): Promise<T> {
    const ended = new AbortController();
    const stop = startTimer(maxTotalMs, () => {
      ended.abort(new Error('The request took too long'));
    });
    const endWait = stats.startWait();
    let onUnsent = (reason: UnansweredReason): void => {
      endWait();
      stats.countUnasked(reason);
    };
    const sendNow = () => {
      endWait();
      onUnsent = () => undefined;
      return withSpan(`ask ${name}`, () => observe(() => askNow(question, ended)));
    };
    try {
      return await queue.ask(sendNow, question.silenceMs ?? defaultSilenceMs);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      onUnsent(error.reason);
      throw new Unavailable(name, { cause: error });
    } finally {
      stop();
    }
  }

  async function ask<T>(question: HostQuestion<T>): Promise<T> {
    // The credential would go to another host.
    if (question.url.origin !== origin) throw new Error('A request to another origin');
    return (await once(question.key, () => askInTurn(question))) as T;
  }

  return { ask };
}

function isClosedConnection(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return (
    cause !== null &&
    typeof cause === 'object' &&
    'code' in cause &&
    closedConnection.has(cause.code)
  );
}

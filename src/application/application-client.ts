import { withSpan } from '../observability/tracing/span.ts';
import { fetchBounded, type BoundedResponse } from '../runtime/network/bounded-fetch.ts';
import { unobserved, type Observe } from '../runtime/observe.ts';
import type { PermitSettings } from '../runtime/permits.ts';
import {
  createRequestQueue,
  queueLimits,
  NoResponse,
  type NoResponseReason,
} from '../runtime/request-queue.ts';
import { createSingleFlight } from '../runtime/single-flight.ts';
import type { StartTimer } from '../runtime/timer.ts';
import { Unavailable } from '../runtime/unavailable.ts';
import { createResponseTimeouts } from './response-timeout.ts';

/** The outcome of a request that was sent. */
type RequestOutcome = 'success' | 'invalid' | 'failed' | 'timeout';

/** Measures the requests to one server of the application. */
export interface ApplicationStats {
  /** Adds the gauges. */
  readonly observe: (read: {
    readonly queued: () => number;
    readonly inFlight: () => number;
  }) => void;
  /** Measures the time in the queue, until the returned function is called. */
  readonly startWait: () => () => void;
  /** Measures the time from sending to the response, until the returned function is called. */
  readonly start: () => (outcome: RequestOutcome) => void;
  readonly countUnsent: (outcome: NoResponseReason) => void;
}

const nothing = () => undefined;

/** Commands of the operator have no metrics. */
const noStats: ApplicationStats = {
  observe: nothing,
  startWait: () => nothing,
  start: () => nothing,
  countUnsent: nothing,
};

/** A request to an application: a GET, or a POST if it has a body. */
export interface ApplicationRequest<T> {
  /**
   * Requests with the same key are sent once at a time, and share the response. A hash of each credential in it, and
   * never the credential: keys are kept in memory.
   */
  readonly key: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long the server may send no response at all since this request was queued (default 10 s). */
  readonly silenceMs?: number;
  /** Reads the response. An error that it throws is an outage. Its message goes to the log, so it has no values. */
  readonly read: (response: BoundedResponse) => T;
}

/** Sends requests to one server of the application over HTTP. */
export interface ApplicationClient {
  /** Throws `Unavailable`. */
  readonly send: <T>(request: ApplicationRequest<T>) => Promise<T>;
}

export interface ApplicationClientSettings {
  /** The dependency in `Unavailable`, metrics and spans. */
  readonly name: string;
  /** The only origin to which requests are sent. */
  readonly origin: string;
  readonly limits?: PermitSettings;
}

interface ApplicationClientDeps {
  readonly fetch: typeof fetch;
  readonly startTimer: StartTimer;
  /** Reports whether the application responds. */
  readonly observe?: Observe;
  readonly stats?: ApplicationStats;
}

/** Enough for an application with many workers, and few enough that one with few workers has a short backlog of its own. */
export const applicationLimits: PermitSettings = { ...queueLimits, maxConcurrent: 32 };

const defaultSilenceMs = 10_000;
/** The time-out of one request, including the time in the queue. It ends a response that arrives byte by byte. */
const maxTotalMs = 55_000;
const maxBodyBytes = 64 * 1024;

/** The errors of a connection that the application closed while it was idle, just when a request was sent on it. */
const closedConnection: ReadonlySet<unknown> = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);

/**
 * Creates the client of one application. Requests beyond the limit of concurrent ones wait in FIFO order. Connections are
 * kept alive. Redirects are not followed.
 */
export function createApplicationClient(
  { name, origin, limits = applicationLimits }: ApplicationClientSettings,
  { fetch, startTimer, observe = unobserved, stats = noStats }: ApplicationClientDeps,
): ApplicationClient {
  const queue = createRequestQueue(limits, startTimer);
  const timeouts = createResponseTimeouts(startTimer);
  const once = createSingleFlight<unknown>();
  stats.observe({ queued: queue.queued, inFlight: queue.inFlight });

  async function fetchResponse(
    { url, headers, body, silenceMs = defaultSilenceMs }: ApplicationRequest<unknown>,
    ended: AbortController,
  ): Promise<BoundedResponse> {
    const watched = timeouts.watch(silenceMs, () => {
      ended.abort(new NoResponse('unresponsive'));
    });
    const request = { url, fetch, headers, body, signal: ended.signal, maxBodyBytes };
    try {
      const response = await fetchBounded(request).catch((error: unknown) => {
        if (!isClosedConnection(error) || ended.signal.aborted) throw error;
        return fetchBounded(request);
      });
      watched.responded();
      queue.responded();
      return response;
    } finally {
      watched.stop();
    }
  }

  async function sendNow<T>(request: ApplicationRequest<T>, ended: AbortController): Promise<T> {
    const end = stats.start();
    let outcome: RequestOutcome = 'failed';
    try {
      const response = await fetchResponse(request, ended);
      outcome = 'invalid';
      const result = request.read(response);
      outcome = 'success';
      return result;
    } catch (error) {
      if (ended.signal.aborted) outcome = 'timeout';
      throw new Unavailable(name, { cause: error });
    } finally {
      end(outcome);
    }
  }

  async function sendInTurn<T>(request: ApplicationRequest<T>): Promise<T> {
    const ended = new AbortController();
    const stop = startTimer(maxTotalMs, () => {
      ended.abort(new Error('The request took too long'));
    });
    const endWait = stats.startWait();
    let onUnsent = (reason: NoResponseReason): void => {
      endWait();
      stats.countUnsent(reason);
    };
    const sendMeasured = () => {
      endWait();
      onUnsent = () => undefined;
      return withSpan(`host request ${name}`, () => observe(() => sendNow(request, ended)));
    };
    try {
      return await queue.run(sendMeasured, request.silenceMs ?? defaultSilenceMs);
    } catch (error) {
      if (!(error instanceof NoResponse)) throw error;
      onUnsent(error.reason);
      throw new Unavailable(name, { cause: error });
    } finally {
      stop();
    }
  }

  async function send<T>(request: ApplicationRequest<T>): Promise<T> {
    // The credential would go to another server.
    if (request.url.origin !== origin) throw new Error('A request to another origin');
    return (await once(request.key, () => sendInTurn(request))) as T;
  }

  return { send };
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

/** An HTTP source of the policy. */
export interface HttpSource {
  /** Paths are below it. */
  readonly base: URL;
  /** The headers of every request: the token of Usher. A header of the visitor with the same name is sent in its place. */
  readonly headers: Readonly<Record<string, string>>;
  readonly client: ApplicationClient;
}

/** Finds a source of the policy by its name. Throws `Unavailable` if its URL cannot be used. */
export type FindHttpSource = (name: string) => HttpSource;

/** The address of a path below the URL of a source. */
export function urlOfPath({ base }: HttpSource, path: string): URL {
  const url = new URL(base);
  url.pathname = base.pathname.replace(/\/$/, '') + path;
  return url;
}

import { browser } from './environment.ts';
import { watchConnections, type Link } from './connections.ts';
import { createCredential } from './credential.ts';
import { isPassing, post, failureOf, type Result, type Failure } from './post.ts';
import { errorOf, report } from './report.ts';
import type {
  AuthCallback,
  ChannelSignature,
  UsherAuth,
  UsherAuthOptions,
  UserSignature,
} from './types.ts';

/** An authorization that pusher-js waits for, or that failed for a passing reason. */
export interface Job {
  readonly socketId: string;
  /** Absent for a sign-in. */
  readonly channelName?: string;
  /** The connection, if it is attached. */
  readonly link: Link | undefined;
  readonly callback: (error: Error | null, signature: never) => void;
  readonly startedAt: number;
  failures: number;
  /** The generation of the credential with which it was sent. */
  generation: number;
  isRefreshed: boolean;
  /** True once the page has received an error. */
  isReported: boolean;
}

/** Milliseconds. */
const maxDelay = 3_600_000;

/** Usher's limit of channels in one request. */
const maxBatch = 100;

/**
 * Creates the authorization handlers of a page for pusher-js 8 and Laravel Echo 2. Channels are authorized in batches;
 * passing failures are retried; the credential is refreshed; connections that ended with it are opened again.
 */
export function usherAuth(options: UsherAuthOptions, environment = browser): UsherAuth {
  const { url = '', batchWindow = 10, retryFor = 20_000 } = options;
  const { now, random, startTimer } = environment;
  const jobs = new Map<string, Job>();
  let queue: Job[] = [];

  /** Milliseconds before the next attempt: twice as long each time, with jitter; never less than `Retry-After`. */
  const delay = (failures: number, retryAfter = 0): number => {
    const jitter = random();
    const backoff = Math.min(500 * 2 ** failures, 10_000);
    // Browsers run a timer of more than 24 days at once.
    return Math.min(Math.max(backoff * (0.5 + jitter), retryAfter * (1 + jitter / 2)), maxDelay);
  };

  const credential = createCredential(options, environment);
  const connections = watchConnections({ credential, delay, environment, signOut });

  function start(job: Pick<Job, 'socketId' | 'channelName' | 'callback' | 'link'>): void {
    const state = { failures: 0, generation: 0, isRefreshed: false, isReported: false };
    const started = { ...job, startedAt: now(), ...state };
    // A new job replaces an old one, whose result is ignored from now on.
    jobs.set(keyOf(job), started);
    enqueue(started);
  }

  function enqueue(job: Job): void {
    if (queue.push(job) === 1) startTimer(batchWindow, () => void flush());
  }

  /** False if pusher-js no longer waits for the job: its connection closed, or the channel was left. */
  function isCurrent(job: Job): boolean {
    if (jobs.get(keyOf(job)) !== job) return false;
    const isWanted = job.link === undefined || connections.wants(job.link, job);
    if (!isWanted) jobs.delete(keyOf(job));
    return isWanted;
  }

  async function flush(): Promise<void> {
    const queued = queue;
    queue = [];
    let headers;
    try {
      headers = await credential.headers();
    } catch (error) {
      for (const job of queued) fail(job, failureOf(error));
      return;
    }
    if (headers === undefined) {
      signOut({ status: 401, message: 'There is no credential after the login' });
      return;
    }
    const send = (path: string, body: object): Promise<Result> =>
      post({ url: url + path, headers, body }, options, environment);
    const due = queued.filter(isCurrent);
    const { generation } = credential;
    for (const job of due) job.generation = generation;
    for (const socketId of new Set(due.map((job) => job.socketId))) {
      const own = due.filter((job) => job.socketId === socketId);
      const channels = own.filter(({ channelName }) => channelName !== undefined);
      while (channels.length > 0) {
        const batch = channels.splice(0, maxBatch);
        const names = batch.map(({ channelName }) => channelName);
        void send('/pusher/auth/batch', { socket_id: socketId, channel_name: names }).then(
          (result) => {
            for (const job of batch) settle(job, entryOf(result, job));
          },
        );
      }
      const signIn = own.find(({ channelName }) => channelName === undefined);
      if (signIn !== undefined) {
        void send('/pusher/user-auth', { socket_id: socketId }).then((result) => {
          settle(signIn, result);
        });
      }
    }
  }

  function settle(job: Job, result: Result): void {
    if (!isCurrent(job)) return;
    if (!('body' in result)) {
      fail(job, result);
      return;
    }
    if (result.body['auth'] === undefined) {
      fail(job, failureOf('The response has no signature'));
      return;
    }
    jobs.delete(keyOf(job));
    credential.isSignedOut = false;
    if (job.link) connections.granted(job.link, job);
    job.callback(null, result.body as never);
  }

  function fail(job: Job, failure: Failure): void {
    if (!isCurrent(job)) return;
    if (failure.status === 401) void refresh(job, failure);
    else if (isPassing(failure)) retry(job, failure);
    else end(job, failure);
  }

  function end(job: Job, failure: Failure): void {
    jobs.delete(keyOf(job));
    report(job, failure);
  }

  /** Retries. The page receives an error after `retryFor`; an attached connection is retried also after that. */
  function retry(job: Job, failure: Failure): void {
    const wait = delay(job.failures++, failure.retryAfter);
    const isLate = now() + wait > job.startedAt + retryFor;
    if (isLate && job.link === undefined) {
      end(job, failure);
      return;
    }
    if (isLate && !job.isReported) {
      job.isReported = true;
      report(job, failure);
    }
    startTimer(wait, () => {
      enqueue(job);
    });
  }

  /** Sends the job again with a fresh credential. All jobs that wait share one refresh. */
  async function refresh(job: Job, failure: Failure): Promise<void> {
    if (job.generation < credential.generation) {
      enqueue(job);
      return;
    }
    if (job.isRefreshed) {
      signOut(failure);
      return;
    }
    job.isRefreshed = true;
    try {
      if (await credential.refresh()) enqueue(job);
      else signOut(failure);
    } catch (error) {
      job.isRefreshed = false;
      fail(job, failureOf(error));
    }
  }

  /** Ends all jobs with this failure. */
  function signOut(failure: Failure): void {
    const isFirst = !credential.isSignedOut;
    credential.isSignedOut = true;
    for (const job of [...jobs.values()]) if (isCurrent(job)) end(job, failure);
    connections.closeReopened();
    if (isFirst) options.onSignedOut?.(errorOf(failure));
  }

  const channelHandler =
    (link: Link | undefined) =>
    (
      request: { readonly socketId: string; readonly channelName: string },
      callback: AuthCallback<ChannelSignature>,
    ): void => {
      const { socketId, channelName } = request;
      start({ socketId, channelName, callback, link: link ?? connections.find(socketId) });
    };
  return {
    channelAuthorization: { customHandler: channelHandler(undefined) },
    userAuthentication: {
      customHandler: ({ socketId }, callback: AuthCallback<UserSignature>) => {
        start({ socketId, callback, link: connections.find(socketId) });
      },
      endpoint: `${url}/pusher/user-auth`,
      headers: {},
    },
    authorizer: ({ name: channelName, pusher }) => ({
      authorize: (socketId, callback) => {
        channelHandler(connections.attach(pusher))({ socketId, channelName }, callback);
      },
    }),
    attach: (pusher) => {
      connections.attach(pusher);
      return pusher;
    },
    resume: () => {
      credential.restart();
      connections.reopenAll();
    },
  };
}

const keyOf = ({ socketId, channelName = '' }: Pick<Job, 'socketId' | 'channelName'>): string =>
  `${socketId} ${channelName}`;

/** The entry of a channel in the response to a batch. */
interface Entry {
  readonly status: number;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly message?: string;
  readonly decision_id?: string;
  /** Seconds. */
  readonly retry_after?: number;
}

/** The result of one channel of a batch. */
function entryOf(result: Result, { channelName = '' }: Job): Result {
  if (!('body' in result)) return result;
  const entry = (result.body as Readonly<Record<string, Entry | null | undefined>>)[channelName];
  if (!entry) return failureOf('The response has no entry for the channel');
  const { status, data, message = `Usher responded ${status}` } = entry;
  if (status === 200 && data) return { body: data };
  return {
    status,
    message,
    decisionId: entry.decision_id,
    retryAfter: entry.retry_after && entry.retry_after * 1000,
  };
}

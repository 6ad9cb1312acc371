import type { Environment } from './environment.ts';
import type { UsherAuthOptions, UsherHeaders } from './types.ts';

/** The credential of the page. */
export interface Credential {
  /** The number of credentials before this one. */
  readonly generation: number;
  /** True if Usher refused the credential and there is no fresh one. */
  isSignedOut: boolean;
  readonly canRefresh: boolean;
  /** Resolves to undefined if there is no fresh credential after a login. Rejects if the page has none now. */
  readonly headers: () => Promise<UsherHeaders | undefined>;
  /** Resolves to false if there is no fresh credential. Concurrent calls share one refresh. */
  readonly refresh: () => Promise<boolean>;
  /** Starts again after a login, which may be that of another user: the credential so far is not sent again. */
  readonly restart: () => void;
}

export function createCredential(
  { headers = {}, refresh, timeout = 60_000 }: UsherAuthOptions,
  { startTimer }: Environment,
): Credential {
  let current = headers;
  let pending: Promise<boolean> | undefined;
  let isOutdated = false;

  /** Rejects after the time-out. Otherwise a function of the page that never resolves blocks all channels. */
  async function limited<Value>(value: Value | Promise<Value>): Promise<Value> {
    let stop = (): void => undefined;
    const timedOut = new Promise<never>((_resolve, reject) => {
      stop = startTimer(timeout, () => {
        reject(new Error('The page returned no credential in time'));
      });
    });
    try {
      return await Promise.race([value, timedOut]);
    } finally {
      stop();
    }
  }

  async function run(): Promise<boolean> {
    const { generation } = credential;
    const fresh = await limited(refresh?.());
    // This is the result of an earlier login.
    if (generation !== credential.generation) return !isOutdated || credential.refresh();
    if (typeof fresh === 'object') current = fresh;
    if (fresh) {
      credential.generation += 1;
      isOutdated = false;
    }
    return Boolean(fresh);
  }

  const credential = {
    generation: 0,
    isSignedOut: false,
    canRefresh: refresh !== undefined,
    headers: async (): Promise<UsherHeaders | undefined> => {
      if (isOutdated && !(await credential.refresh())) return undefined;
      const { generation } = credential;
      const value = typeof current === 'function' ? await limited(current()) : current;
      // The page may have called `resume` meanwhile. Then this is the credential of the login before.
      return generation === credential.generation ? value : credential.headers();
    },
    refresh: async () => {
      // While the user is signed out, only a new login can help.
      if (credential.isSignedOut) return false;
      const shared = (pending ??= run());
      try {
        return await shared;
      } finally {
        if (pending === shared) pending = undefined;
      }
    },
    restart: () => {
      credential.isSignedOut = false;
      credential.generation += 1;
      pending = undefined;
      isOutdated = refresh !== undefined && typeof current !== 'function';
    },
  };
  return credential;
}

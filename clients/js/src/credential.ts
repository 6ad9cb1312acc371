import type { UsherAuthOptions, UsherHeaders } from './types.ts';

/** The credential of the page. */
export interface Credential {
  /** The number of refreshes. */
  readonly generation: number;
  /** True if Usher refused the credential and there is no fresh one. */
  isSignedOut: boolean;
  readonly canRefresh: boolean;
  readonly headers: () => Promise<UsherHeaders>;
  /** Resolves to false if there is no fresh credential. Concurrent calls share one refresh. */
  readonly refresh: () => Promise<boolean>;
}

export function createCredential({ headers = {}, refresh }: UsherAuthOptions): Credential {
  let current = headers;
  let pending: Promise<boolean> | undefined;
  const run = async (): Promise<boolean> => {
    try {
      const fresh = await refresh?.();
      if (typeof fresh === 'object') current = fresh;
      if (fresh) credential.generation += 1;
      return Boolean(fresh);
    } finally {
      pending = undefined;
    }
  };
  const credential = {
    generation: 0,
    isSignedOut: false,
    canRefresh: refresh !== undefined,
    headers: async () => (typeof current === 'function' ? await current() : current),
    // While the user is signed out, only a new login can help.
    refresh: async () => !credential.isSignedOut && (await (pending ??= run())),
  };
  return credential;
}

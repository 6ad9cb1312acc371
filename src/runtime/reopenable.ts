import type { Secret } from './secret.ts';

/** Something that is opened with a secret, such as a pool of connections. */
interface Reopenable<T> {
  /** Returns what is open, and opens it first if it is not. Rejects with the error of opening. */
  readonly get: () => Promise<T>;
  readonly close: () => Promise<void>;
}

/**
 * Opens with the first use, and again after the secret has changed. Until the new one is open, and if it cannot be opened,
 * the old one stays in use: the server may get its new password later than Usher.
 */
export function createReopenable<T>(
  secret: Secret,
  {
    open,
    test = () => Promise.resolve(),
    close,
  }: {
    readonly open: (text: string) => Promise<T>;
    /** Rejects if what was opened with a changed secret cannot be used. */
    readonly test?: (opened: T) => Promise<void>;
    readonly close: (opened: T) => Promise<void>;
  },
): Reopenable<T> {
  let text = secret.reveal();
  let current: Promise<T> | undefined;
  let reopening: Promise<void> | undefined;

  const openFirst = (): Promise<T> => {
    text = secret.reveal();
    const opening = open(text);
    opening.catch(() => {
      if (current === opening) current = undefined;
    });
    return opening;
  };
  const reopen = async (old: Promise<T>, next: string): Promise<void> => {
    try {
      const opened = await open(next);
      await test(opened).catch(async (error: unknown) => {
        await close(opened);
        throw error;
      });
      current = Promise.resolve(opened);
      text = next;
      await close(await old);
    } catch {
      // The next use tries again.
    } finally {
      reopening = undefined;
    }
  };
  return {
    get: () => {
      if (current === undefined) current = openFirst();
      else if (secret.reveal() !== text) reopening ??= reopen(current, secret.reveal());
      return current;
    },
    close: async () => {
      await reopening;
      if (current !== undefined) await close(await current);
    },
  };
}

import type { Secret } from '../runtime/secret.ts';
import { readPostgresUrl } from './postgres-url.ts';

/** The servers of a URL. One of them is used until it fails. */
export interface Servers {
  readonly count: number;
  /** The URL of the server to try next. */
  readonly current: () => string;
  /** Switches to the next server, unless another attempt has already switched away from this URL. */
  readonly markFailed: (url: string) => void;
}

/** Creates the list of servers. A URL that cannot be parsed is passed to the driver, whose error has a code. */
export function serversOf(url: Secret): Servers {
  const urls = readPostgresUrl(url.reveal())?.urls ?? [url.reveal()];
  let place = 0;
  const current = () => urls[place] ?? '';
  return {
    count: urls.length,
    current,
    markFailed: (failed) => {
      if (failed === current()) place = (place + 1) % urls.length;
    },
  };
}

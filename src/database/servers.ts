import type { Secret } from '../runtime/secret.ts';
import { readPostgresUrl } from './postgres-url.ts';

/** The servers of a URL. One of them is used until it fails. */
export interface ServerList {
  readonly count: number;
  /** The URL of the server to try next. */
  readonly current: () => string;
  /** Switches to the next server, unless another attempt has already switched away from this URL. */
  readonly markFailed: (url: string) => void;
}

/**
 * Creates the list of servers. A URL that cannot be parsed is passed to the driver, whose error has a code. When the text
 * of the URL changes, new connections use it. If only its login has changed, the old one is tried after it: the server may
 * get its new password later than Usher.
 */
export function serversOf(url: Secret): ServerList {
  let text = url.reveal();
  let urls = urlsOf(text);
  let place = 0;
  const refresh = (): void => {
    if (url.reveal() === text) return;
    const old = urlsOf(text);
    text = url.reveal();
    const renewed = urlsOf(text);
    urls = isSameButLogin(old, renewed) ? [...renewed, ...old] : renewed;
    place = 0;
  };
  const current = (): string => {
    refresh();
    return urls[place] ?? '';
  };
  return {
    get count() {
      refresh();
      return urls.length;
    },
    current,
    markFailed: (failed) => {
      if (failed === current()) place = (place + 1) % urls.length;
    },
  };
}

const urlsOf = (text: string): readonly string[] => readPostgresUrl(text)?.urls ?? [text];

function isSameButLogin(old: readonly string[], renewed: readonly string[]): boolean {
  const withoutLogin = (url: string) => url.replace(/\/\/[^@/?#]*@/, '//');
  return old.map(withoutLogin).join(' ') === renewed.map(withoutLogin).join(' ');
}

import type { HostClient } from './host-client.ts';

/** An HTTP source of the policy. */
export interface HostSource {
  /** Paths are below it. */
  readonly base: URL;
  /** The headers of every request: the token of Usher. A header of the visitor with the same name is sent in its place. */
  readonly headers: Readonly<Record<string, string>>;
  readonly client: HostClient;
}

/** Finds a source of the policy by its name. Throws `Unavailable` if its URL cannot be used. */
export type FindHostSource = (name: string) => HostSource;

/** The address of a path below the URL of a source. */
export function addressOf({ base }: HostSource, path: string): URL {
  const url = new URL(base);
  url.pathname = base.pathname.replace(/\/$/, '') + path;
  return url;
}

/** The parts of a visitor's request that are forwarded to the application: headers by name, and cookies by name. */
export interface Forward {
  /** In lower case. `cookie` means all cookies. */
  readonly headers: readonly string[];
  /** The names of cookies, if not all are passed on. A name may end with `*`. */
  readonly cookies: readonly string[];
}

export const forwardNothing: Forward = { headers: [], cookies: [] };

/** The headers of a visitor's request. They have credentials, so nothing may write them to a log, an error or a row. */
export interface VisitorHeaders {
  /**
   * The headers that `forward` names, by their names in lower case. Headers that the request lacks, or that are withheld, have no
   * entry.
   */
  readonly select: (forward: Forward) => Readonly<Record<string, string>>;
  /** Whether `forward` names cookies, or HTTP authentication, that the page which sent the request may not use. */
  readonly isWithheld: (forward: Forward) => boolean;
}

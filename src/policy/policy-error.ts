/** A policy that cannot be used. Each problem is one line, with its file, line and column where there is one. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';

  constructor(
    readonly problems: readonly string[],
    /** The files that modules imported, to detect when one of them changes. */
    readonly imported: readonly string[] = [],
  ) {
    super(`The policy has problems:\n${problems.map((line) => `  - ${line}`).join('\n')}`);
  }
}

/** The maximum number of facts that are stored in one call. */
export const maxFactsPerCall = 1_000;

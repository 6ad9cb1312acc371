/** Runs an operation of a dependency and records whether it succeeded. */
export type Observe = <T>(operation: () => Promise<T>) => Promise<T>;

export const unobserved: Observe = (operation) => operation();

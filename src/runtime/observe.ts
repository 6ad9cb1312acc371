/** Runs an operation of a dependency, and records whether the dependency could complete it. */
export type Observe = <T>(operation: () => Promise<T>) => Promise<T>;

export const unobserved: Observe = (operation) => operation();

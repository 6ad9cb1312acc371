import { isOutage } from '../runtime/unavailable.ts';

/** One server that we depend on, and whether it answered when it was last asked. */
export interface DependencyStatus {
  readonly report: (isUp: boolean) => void;
  /** Asks, and notes whether there was an answer; what is refused is an answer too. */
  readonly observe: <T>(operation: () => Promise<T>) => Promise<T>;
}

/** What we depend on. */
export interface Dependencies {
  /** Follows one more server under the name that its `Unavailable` has; several may share a name. */
  readonly watch: (name: string) => DependencyStatus;
  readonly names: () => ReadonlySet<string>;
  /** Those that were ever asked: true while every server of that name answered when it was last asked. */
  readonly states: () => ReadonlyMap<string, boolean>;
}

interface Server {
  readonly name: string;
  isUp: boolean | undefined;
}

/** Creates an account of dependencies. Nobody is asked for it: a look must not hang on what is broken. */
export function createDependencies(): Dependencies {
  const servers: Server[] = [];
  return {
    watch: (name) => {
      const server: Server = { name, isUp: undefined };
      servers.push(server);
      const observe: DependencyStatus['observe'] = async (operation) => {
        try {
          const result = await operation();
          server.isUp = true;
          return result;
        } catch (error) {
          server.isUp = !isOutage(error);
          throw error;
        }
      };
      const report = (isUp: boolean): void => {
        server.isUp = isUp;
      };
      return { report, observe };
    },
    names: () => new Set(servers.map(({ name }) => name)),
    states: () => {
      const states = new Map<string, boolean>();
      for (const { name, isUp } of servers) {
        if (isUp !== undefined) states.set(name, isUp && states.get(name) !== false);
      }
      return states;
    },
  };
}

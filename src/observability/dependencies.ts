import type { Observe } from '../runtime/observe.ts';
import { isOutage } from '../runtime/unavailable.ts';

/** The state of one server after its last request. */
interface DependencyStatus {
  readonly report: (isUp: boolean) => void;
  /** Runs an operation and reports whether the server responded; a refusal is a response. */
  readonly observe: Observe;
}

export interface Dependencies {
  /** Adds a server with the name in its `Unavailable`; several servers may share a name. */
  readonly watch: (name: string) => DependencyStatus;
  readonly names: () => ReadonlySet<string>;
  /** By name, only after a first request: true if every server of this name responded to its last request. */
  readonly states: () => ReadonlyMap<string, boolean>;
}

interface Server {
  readonly name: string;
  isUp: boolean | undefined;
}

/** Sends no requests, because reading the states must not wait for a server that is down. */
export function createDependencies(): Dependencies {
  const servers: Server[] = [];
  return {
    watch: (name) => {
      const server: Server = { name, isUp: undefined };
      servers.push(server);
      const observe: Observe = async (operation) => {
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

import type {
  ConnectionList,
  ListAllConnections,
  ListOpenConnections,
} from '../authorize/open-connection.ts';
import type { Peers } from './peers.ts';

/** Creates the function that lists the WebSockets of all workers. It rejects if one of them does not respond. */
export function createListAllConnections(
  listOwn: ListOpenConnections,
  { handle, callAll }: Pick<Peers, 'handle' | 'callAll'>,
): ListAllConnections {
  handle('connections', (limit) => listOwn(limit as number));
  return async (limit) => {
    const lists = (await callAll('connections', { params: limit })) as readonly ConnectionList[];
    return {
      total: lists.reduce((sum, { total }) => sum + total, 0),
      connections: lists
        .flatMap(({ connections }) => connections)
        .sort((a, b) => b.since - a.since)
        .slice(0, limit),
    };
  };
}

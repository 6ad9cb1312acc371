import { expect, it } from 'vitest';
import type { Connection } from '../../src/websocket/connection.ts';
import { createOpenConnections } from '../../src/websocket/open-connections.ts';
import { createListAllConnections } from '../../src/workers/all-connections.ts';
import { createNoPeers } from '../../src/workers/peers.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { createWorkerPeers } from '../support/worker-peers.ts';

const connection = (): Connection => ({ onClose: () => undefined }) as unknown as Connection;

function openAt(times: readonly number[]) {
  const live = createOpenConnections();
  for (const since of times) {
    const principal = {
      kind: 'user',
      id: String(since),
      tenantId: '1',
      roles: ['secret-role'],
      expiresAt: 2_000,
      attributes: { phone: 'secret-phone' },
    };
    live.add(connection(), principal, { endpoint: '/ws', channel: undefined, since });
  }
  return live.list;
}

const own = [[1, 4, 6], [2, 3, 5], []];

it('lists the newest WebSockets of all workers, whichever receives the request', async () => {
  const lists = createWorkerPeers(own.length).map((peers, i) =>
    createListAllConnections(openAt(own[i] ?? []), peers),
  );
  for (const list of lists) {
    const { total, connections } = await list(4);
    expect([total, connections.map(({ since }) => since)]).toEqual([6, [6, 5, 4, 3]]);
    expect(connections[0]).toEqual({
      endpoint: '/ws',
      since: 6,
      expiresAt: 2_000,
      principal: { kind: 'user', id: '6', tenantId: '1' },
    });
  }
});

it('lists those of the only process', async () => {
  const list = createListAllConnections(openAt([1, 2]), createNoPeers());
  expect(await list(1)).toMatchObject({ total: 2, connections: [{ since: 2 }] });
});

it('rejects if a worker does not respond, and omits no worker', async () => {
  const [first, second] = createWorkerPeers(2);
  const list = createListAllConnections(openAt([1]), first!);
  second!.handle('connections', () => {
    throw new Unavailable('worker 2');
  });
  await expect(list(1)).rejects.toMatchObject({ name: 'Unavailable' });
});

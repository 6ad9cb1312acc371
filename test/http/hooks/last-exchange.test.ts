import { pino } from 'pino';
import { expect, it, onTestFinished, vi } from 'vitest';
import { keepLastExchange } from '../../../src/http/hooks/last-exchange.ts';
import { createServer } from '../../../src/http/server.ts';
import { createProcessHeap } from '../../../src/runtime/heap.ts';

it('keeps the last request, and no other, where nobody asks', async () => {
  const server = createServer({ logger: pino({ level: 'silent' }), trustedProxies: [] });
  onTestFinished(() => server.close());
  keepLastExchange(server);
  const asked: WeakRef<object>[] = [];
  server.get('/', (request) => {
    asked.push(new WeakRef(request));
    return 'answer';
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  for (let i = 0; i < 3; i += 1) {
    await (await fetch(address, { headers: { connection: 'close' } })).text();
  }
  const heap = createProcessHeap();
  await vi.waitFor(
    () => {
      heap.collect();
      expect(asked.map((each) => each.deref() !== undefined)).toEqual([false, false, true]);
    },
    { timeout: 30_000 },
  );
});

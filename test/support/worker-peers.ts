import { createPeers, type PassedCall, type Peers } from '../../src/workers/peers.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import type { Handler } from '../../src/workers/rpc.ts';
import { createRpcPair, type RpcPair } from './rpc-pair.ts';

/** The peers of some workers, whose primary process forwards calls like the supervisor. */
export function createWorkerPeers(count: number): readonly Peers[] {
  const pairs: RpcPair[] = [];
  return Array.from({ length: count }, (_, i) => {
    const handlers = new Map<string, Handler>();
    const passOn = (passed: unknown) => {
      const { method, params, includesSender } = passed as PassedCall;
      const called = pairs.filter((_pair, each) => includesSender || each !== i);
      return Promise.all(called.map(({ primary }) => primary.call(method, params)));
    };
    const pair = createRpcPair({ 'pass-on': passOn }, systemClock, handlers);
    pairs.push(pair);
    return createPeers(i + 1, { call: pair.worker.call, handlers });
  });
}

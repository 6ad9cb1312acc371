import { describe, expect, it } from 'vitest';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { createRpcPair } from '../support/rpc-pair.ts';
import { createTestClock } from '../support/test-clock.ts';

describe('a call of another process', () => {
  it('resolves to the value of the method', async () => {
    const { worker } = createRpcPair({ double: (value) => 2 * (value as number) });
    expect(await worker.call('double', 21)).toBe(42);
  });

  it('is sent in one message with the others of the same turn', async () => {
    const { worker, sent } = createRpcPair({ echo: (value) => value });
    const calls = Array.from({ length: 100 }, (_, i) => worker.call('echo', i));
    expect(await Promise.all(calls)).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(sent()).toBe(1);
  });

  it('rejects with the message of the error, and without its stack', async () => {
    const { worker } = createRpcPair({
      fail: () => {
        throw new TypeError('no such thing');
      },
    });
    await expect(worker.call('fail')).rejects.toThrow('primary process: no such thing');
  });

  it('rejects with the unavailable dependency', async () => {
    const { worker } = createRpcPair({ fail: () => Promise.reject(new Unavailable('redis')) });
    await expect(worker.call('fail')).rejects.toMatchObject({
      name: 'Unavailable',
      dependency: 'redis',
    });
  });

  it('rejects for an unknown method', async () => {
    const { worker } = createRpcPair({});
    await expect(worker.call('other')).rejects.toThrow('no method other');
  });

  it('rejects with the other process if it does not respond, and ignores a late response', async () => {
    const time = createTestClock(0);
    let respond: (value: string) => void = () => undefined;
    const { worker } = createRpcPair(
      { hang: () => new Promise((resolve) => (respond = resolve)) },
      time.clock,
    );
    const call = worker.call('hang');
    const failed = expect(call).rejects.toMatchObject({ dependency: 'primary process' });
    await new Promise(setImmediate);
    time.advance(6_000);
    await failed;
    respond('late');
    expect(time.waiting()).toBe(0);
  });

  it('may take as long as its timeout', async () => {
    const time = createTestClock(0);
    let respond: (value: string) => void = () => undefined;
    const { worker } = createRpcPair(
      { slow: () => new Promise((resolve) => (respond = resolve)) },
      time.clock,
    );
    const call = worker.call('slow', undefined, 60_000);
    await new Promise(setImmediate);
    time.advance(59_000);
    respond('done');
    expect(await call).toBe('done');
  });

  it('rejects when the other process has ended', async () => {
    const { worker } = createRpcPair({ hang: () => new Promise(() => undefined) });
    const call = worker.call('hang');
    worker.close();
    await expect(call).rejects.toMatchObject({ dependency: 'primary process' });
  });

  it('ignores foreign messages', () => {
    const { worker } = createRpcPair({});
    expect(() => {
      worker.receive({ cmd: 'NODE_CLUSTER' });
    }).not.toThrow();
  });
});

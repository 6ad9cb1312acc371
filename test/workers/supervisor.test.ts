import type { Worker } from 'node:cluster';
import { EventEmitter } from 'node:events';
import { describe, expect, it } from 'vitest';
import { startSupervisor, WorkerEnded, type Supervisor } from '../../src/workers/supervisor.ts';
import { createTestClock } from '../support/test-clock.ts';

/** A worker process without a process: it records signals and messages. */
class TestWorker extends EventEmitter {
  readonly signals: string[] = [];
  readonly sent: unknown[] = [];
  readonly process = { kill: (signal: string) => this.signals.push(signal) };

  constructor(readonly number: number) {
    super();
  }

  send(message: object): void {
    this.sent.push(message);
  }

  call(method: string, params?: unknown): void {
    this.emit('message', { calls: [[1, method, params]] });
  }
}

function start(count: number) {
  const time = createTestClock(0);
  const forked: TestWorker[] = [];
  const lines: object[] = [];
  const supervisor: Supervisor = startSupervisor({
    count,
    handlers: new Map(),
    ...time.clock,
    log: { error: (about) => lines.push(about) },
    fork: (number) => {
      const worker = new TestWorker(number);
      forked.push(worker);
      return worker as unknown as Worker;
    },
  });
  return { time, forked, lines, supervisor };
}

async function startReady(count: number) {
  const started = start(count);
  for (const worker of started.forked) worker.call('ready');
  await started.supervisor.ready;
  return started;
}

describe('a supervisor', () => {
  it('is ready when all workers are', async () => {
    const { forked, supervisor } = start(3);
    expect(forked.map(({ number }) => number)).toEqual([1, 2, 3]);
    let isReady = false;
    void supervisor.ready.then(() => (isReady = true));
    forked[0]?.call('ready');
    forked[2]?.call('ready');
    await new Promise(setImmediate);
    expect(isReady).toBe(false);
    forked[1]?.call('ready');
    await supervisor.ready;
  });

  it('rejects with the exit code of a worker that ends while it starts, and starts no other', async () => {
    const { forked, supervisor, time } = start(2);
    forked[1]?.emit('exit', 3, null);
    const error: unknown = await supervisor.ready.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(WorkerEnded);
    expect(error).toMatchObject({ worker: 2, exitCode: 3 });
    time.advance(60_000);
    expect(forked).toHaveLength(2);
  });

  it('restarts a worker immediately, and later with growing delays if it ends again', async () => {
    const { forked, lines, time } = await startReady(1);
    const end = () => forked.at(-1)?.emit('exit', null, 'SIGKILL');
    time.advance(60_000);
    end();
    expect(lines).toEqual([{ worker: 1, code: null, signal: 'SIGKILL' }]);
    time.advance(0);
    expect(forked).toHaveLength(2);
    for (const delay of [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]) {
      end();
      const before = forked.length;
      time.advance(delay - 1);
      expect(forked).toHaveLength(before);
      time.advance(1);
      expect(forked).toHaveLength(before + 1);
    }
    time.advance(10_000);
    end();
    time.advance(0);
    expect(forked).toHaveLength(10);
  });

  it('passes a call on to all workers, or to the others, and not to one that is not ready', async () => {
    const { forked, time } = await startReady(3);
    const received = (worker: TestWorker | undefined) =>
      JSON.stringify(worker?.sent).split('"figures"').length - 1;
    const passed = { method: 'figures', params: 1 };
    forked[0]?.call('pass-on', { ...passed, includesSender: true });
    await new Promise(setImmediate);
    expect(forked.map(received)).toEqual([1, 1, 1]);
    forked[0]?.call('pass-on', { ...passed, includesSender: false });
    await new Promise(setImmediate);
    expect(forked.map(received)).toEqual([1, 2, 2]);
    forked[2]?.emit('exit', 1, null);
    time.advance(0);
    forked[0]?.call('pass-on', { ...passed, includesSender: true });
    await new Promise(setImmediate);
    expect(forked.map(received)).toEqual([2, 3, 2, 0]);
  });

  it('stops all workers, waits for them, and starts none again', async () => {
    const { forked, supervisor, time } = await startReady(2);
    let isStopped = false;
    const stopping = supervisor.stop().then(() => (isStopped = true));
    expect(forked.map(({ signals }) => signals)).toEqual([['SIGTERM'], ['SIGTERM']]);
    forked[0]?.emit('exit', 0, null);
    await new Promise(setImmediate);
    expect(isStopped).toBe(false);
    forked[1]?.emit('exit', 0, null);
    await stopping;
    time.advance(60_000);
    expect(forked).toHaveLength(2);
  });

  it('does not restart a worker during its delay when it stops', async () => {
    const { forked, supervisor, time } = await startReady(1);
    forked[0]?.emit('exit', 1, null);
    await supervisor.stop();
    time.advance(60_000);
    expect(forked).toHaveLength(1);
  });
});

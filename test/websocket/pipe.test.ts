import type { WebSocket } from 'ws';
import { describe, expect, it } from 'vitest';
import { createPipe } from '../../src/websocket/join-upstream.ts';

/** Two sides: one records whether it is paused, and the other sends when the test says so. */
function sides() {
  const unsent: { bytes: number; done: (error?: Error) => void }[] = [];
  let delivered = 0;
  const from = {
    isPaused: false,
    pause: () => (from.isPaused = true),
    resume: () => (from.isPaused = false),
  };
  const to = {
    get bufferedAmount() {
      return unsent.reduce((sum, { bytes }) => sum + bytes, 0);
    },
    send: (data: Buffer, _options: object, done: (error?: Error) => void) => {
      unsent.push({ bytes: data.length, done });
    },
  };
  const pipe = createPipe(
    { from: from as unknown as WebSocket, to: to as unknown as WebSocket },
    () => () => (delivered += 1),
  );
  return {
    from,
    write: (bytes: number) => {
      pipe({ data: Buffer.alloc(bytes), isBinary: true });
    },
    sendOne: (error?: Error) => unsent.shift()?.done(error),
    delivered: () => delivered,
  };
}

describe('the sender is paused for the receiver', () => {
  it('while many bytes are buffered', () => {
    const { from, write, sendOne } = sides();
    for (let i = 0; i < 4; i += 1) write(64 * 1024);
    expect(from.isPaused).toBe(false);
    write(1);
    expect(from.isPaused).toBe(true);
    sendOne();
    expect(from.isPaused).toBe(false);
  });

  it('while many messages are buffered, however small', () => {
    const { from, write, sendOne } = sides();
    for (let i = 0; i < 256; i += 1) write(0);
    expect(from.isPaused).toBe(false);
    write(0);
    expect(from.isPaused).toBe(true);
    sendOne();
    expect(from.isPaused).toBe(false);
  });
});

describe('a message counts as delivered', () => {
  it('after the reader has received it, and not if the write failed', () => {
    const { write, sendOne, delivered } = sides();
    write(1);
    write(1);
    expect(delivered()).toBe(0);
    sendOne();
    expect(delivered()).toBe(1);
    sendOne(new Error('closed'));
    expect(delivered()).toBe(1);
  });
});

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRedis, type Redis } from '../../src/redis/client.ts';
import { Secret } from '../../src/runtime/secret.ts';
import { Unavailable } from '../../src/runtime/unavailable.ts';
import { describeRedis, redisUrl } from '../support/redis.ts';

/** A listener on a free port of this machine. */
async function listen(onSocket: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** A proxy to Redis whose connections can be frozen and closed. */
async function startWire() {
  const { hostname, port } = new URL(redisUrl());
  const sockets = new Set<Socket>();
  let frozen = false;
  let open = true;
  const server = await listen((near) => {
    if (!open) {
      near.destroy();
      return;
    }
    const far = connect(Number(port || 6379), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('data', (chunk) => to.write(chunk));
      if (frozen) from.pause();
      from.on('close', () => to.destroy());
    }
  });
  const disconnect = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: new Secret(`redis://:a-password-of-ours@127.0.0.1:${String(portOf(server))}`),
    server,
    disconnect,
    /** Open connections are frozen; new ones are not. */
    freezeOpen: () => {
      for (const socket of sockets) socket.pause();
    },
    setFrozen: (value: boolean) => {
      frozen = value;
      for (const socket of sockets) {
        if (frozen) socket.pause();
        else socket.resume();
      }
    },
    setOpen: (value: boolean) => void (open = value),
    close: () => {
      disconnect();
      server.close();
    },
  };
}

const timeoutMs = 300;
const responsesTo = async (redis: Redis): Promise<boolean> => {
  try {
    await redis.run((client) => client.echo('x'));
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(Unavailable);
    return false;
  }
};

describe('a Redis that is unreachable', () => {
  const lines: string[] = [];
  const log = {
    warn: (about: object, message: string) => lines.push(JSON.stringify(about) + message),
  };
  let redis: Redis | undefined;
  beforeEach(() => {
    lines.length = 0;
  });
  afterEach(async () => {
    await redis?.close();
  });

  it('is unavailable immediately, and is logged once without its address', async () => {
    const server = await listen(() => undefined);
    const url = new Secret(`redis://name:a-password-of-ours@127.0.0.1:${String(portOf(server))}/3`);
    server.close();
    await once(server, 'close');
    redis = await createRedis({ url, log, timeoutMs });
    const failure: unknown = await redis
      .run((client) => client.echo('x'))
      .catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Unavailable);
    expect(failure).toMatchObject({ dependency: 'redis' });
    expect(lines).toEqual(['{"reason":"ECONNREFUSED"}Redis is not reachable']);
  });

  it('is retried, and still logged once', async () => {
    let attempts = 0;
    const server = await listen((socket) => {
      attempts += 1;
      socket.destroy();
    });
    const url = new Secret(`redis://127.0.0.1:${String(portOf(server))}`);
    redis = await createRedis({ url, log, timeoutMs });
    await vi.waitUntil(() => attempts >= 4, { timeout: 30_000 });
    expect(lines).toHaveLength(1);
    server.close();
  });

  it('does not delay the start if it accepts and sends nothing', async () => {
    const sockets: Socket[] = [];
    const server = await listen((socket) => sockets.push(socket));
    const url = new Secret(`redis://127.0.0.1:${String(portOf(server))}`);
    redis = await createRedis({ url, log, timeoutMs });
    // Nor a request: it is refused before anything else can happen.
    const next = new Promise((resolve) => setImmediate(resolve, 'still waiting'));
    expect(await Promise.race([responsesTo(redis), next])).toBe(false);
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});

describeRedis('a Redis that fails', () => {
  const lines: string[] = [];
  const log = {
    warn: (about: object, message: string) => lines.push(JSON.stringify(about) + message),
  };
  let wire: Awaited<ReturnType<typeof startWire>>;
  let redis: Redis;
  beforeEach(async () => {
    lines.length = 0;
    wire = await startWire();
    redis = await createRedis({
      url: new Secret(wire.url.reveal().replace(':a-password-of-ours@', '')),
      log,
      timeoutMs,
    });
  });
  afterEach(async () => {
    await redis.close();
    wire.close();
  });

  it('responds while it is reachable', async () => {
    expect(await responsesTo(redis)).toBe(true);
    expect(lines).toEqual([]);
  });

  it('is unavailable within a limited time while it is frozen, and works again afterwards', async () => {
    wire.setFrozen(true);
    expect(await responsesTo(redis)).toBe(false);
    wire.setFrozen(false);
    await vi.waitUntil(() => responsesTo(redis), { timeout: 30_000 });
  });

  it('gets a new connection if it does not respond on one', async () => {
    wire.freezeOpen();
    expect(await responsesTo(redis)).toBe(false);
    await vi.waitUntil(() => responsesTo(redis), { timeout: 30_000 });
  });

  it('gets no result for a command that takes too long, which is aborted', async () => {
    const key = `usher-test-nothing-${String(process.pid)}`;
    const slow = redis.run((client) => client.blpop(key, (timeoutMs * 1.5) / 1000));
    await expect(slow).rejects.toThrow(Unavailable);
  });

  it('fails open commands when the connection is lost, and never receives them again', async () => {
    const key = `usher-test-cut-${String(process.pid)}`;
    wire.setFrozen(true);
    const pending = redis.run((client) => client.incr(key));
    const refused = expect(pending).rejects.toThrow(Unavailable);
    wire.setOpen(false);
    wire.disconnect();
    await refused;
    await expect(redis.run((client) => client.incr(key))).rejects.toThrow(Unavailable);
    wire.setFrozen(false);
    wire.setOpen(true);
    await vi.waitUntil(() => responsesTo(redis), { timeout: 30_000 });
    expect(await redis.run((client) => client.getdel(key))).toBeNull();
  });

  it('does not receive commands later that failed before the connection', async () => {
    const key = `usher-test-later-${String(process.pid)}`;
    wire.setFrozen(true);
    wire.disconnect();
    await expect(redis.run((client) => client.incr(key))).rejects.toThrow(Unavailable);
    wire.setFrozen(false);
    await vi.waitUntil(() => responsesTo(redis), { timeout: 30_000 });
    expect(await redis.run((client) => client.getdel(key))).toBeNull();
  });

  it('is reported with the first word of its errors only', async () => {
    const script = `return redis.error_reply('OOM of a-value-of-ours')`;
    const failure: unknown = await redis
      .run((client) => client.eval(script, 0))
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ dependency: 'redis', cause: { message: 'OOM' } });
    expect(inspect(failure, { depth: 10 })).not.toContain('a-value-of-ours');
  });

  it('is reported without a refused password', async () => {
    const refused = await createRedis({ url: wire.url, log, timeoutMs });
    // A Redis without a password refuses every login, or ignores it.
    await responsesTo(refused);
    await refused.close();
    expect(lines.join()).not.toContain('a-password-of-ours');
  });
});

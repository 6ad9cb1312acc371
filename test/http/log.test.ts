import { pino } from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { createServer } from '../../src/http/server.ts';

/** Starts a listener with this level, sends it one request, and returns the log. */
async function linesAt(level: string): Promise<readonly unknown[]> {
  const lines: unknown[] = [];
  const logger = pino({ level }, { write: (line: string) => lines.push(JSON.parse(line)) });
  const server = createServer({ logger, trustedProxies: [] });
  server.get('/thing', (request) => {
    request.log.info('a route’s own line');
    return {};
  });
  const address = await server.listen({ host: '127.0.0.1', port: 0 });
  await fetch(`${address}/thing?token=hidden`);
  await fetch(`${address}/nothing?token=hidden`);
  await server.close();
  return lines.map((line) => (line as { msg: string }).msg);
}

describe('the log of a listener', () => {
  it('has our lines and none of Fastify, at any level', async () => {
    expect(await linesAt('info')).toEqual(['a route’s own line']);
    expect(await linesAt('debug')).toEqual([
      'a route’s own line',
      'request completed',
      'request completed',
    ]);
    expect(await linesAt('error')).toEqual([]);
  });

  it('is created without a deprecated option', async () => {
    const warned = vi.spyOn(process, 'emitWarning');
    await linesAt('silent');
    expect(warned).not.toHaveBeenCalled();
  });
});

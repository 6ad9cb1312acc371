import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import type { FastifyInstance } from 'fastify';
import { repeatedField } from '../../../src/http/input/json-body.ts';
import { createServer } from '../../../src/http/server.ts';

/** A character in one of the ways that a form can hold it. */
const encoded = (text: string, percent: boolean): string =>
  percent
    ? [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
    : encodeURIComponent(text);

const name = fc.oneof(
  fc.constantFrom('socket_id', 'channel_name', '__proto__', 'constructor', 'toString', 'a[]', ''),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
);
const field = fc.tuple(name, fc.string({ unit: 'grapheme', maxLength: 8 }), fc.boolean());

describe('a form', () => {
  let server: FastifyInstance;
  beforeAll(() => {
    server = createServer({ logger: pino({ level: 'silent' }), trustedProxies: [] });
    server.post('/', (request) =>
      Object.entries(request.body as object).map(([key, value]) => [
        key,
        value === repeatedField ? 'repeated' : (value as string),
      ]),
    );
  });
  afterAll(() => server.close());

  const read = async (payload: string): Promise<readonly [number, unknown]> => {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const response = await server.inject({ method: 'POST', url: '/', headers, payload });
    return [response.statusCode, response.statusCode === 200 ? response.json() : undefined];
  };

  it('has each field as it was sent, and no repeated field', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(field, { maxLength: 6 }), async (fields) => {
        const text = fields.map(
          ([key, value, percent]) => `${encoded(key, percent)}=${encoded(value, percent)}`,
        );
        const isRepeated = (name: string) => fields.filter(([key]) => key === name).length > 1;
        const expected = fields.map(
          ([name, value]) => [name, isRepeated(name) ? 'repeated' : value] as const,
        );
        const [status, got] = await read(text.join('&'));
        expect(status).toBe(200);
        // An object puts names that are numbers first.
        expect(new Map(got as [string, string][])).toStrictEqual(new Map(expected));
      }),
    );
  });

  it('never causes an internal error, with any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.stringMatching(/^[%&=+;a0]*$/)),
        async (text) => {
          const [status] = await read(text);
          expect([200, 400]).toContain(status);
        },
      ),
    );
  });
});

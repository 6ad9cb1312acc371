import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pino } from 'pino';
import { textField, textQuery } from '../../../src/http/input/body.ts';
import { channelNames } from '../../../src/http/routes/channel-batch-auth/channel-names.ts';
import { parseJsonBody, repeatedField } from '../../../src/http/input/json-body.ts';
import { RequestProblem } from '../../../src/http/output/problem.ts';
import { createServer } from '../../../src/http/server.ts';
import { checkClientInfo, idField } from '../../../src/http/routes/tickets/body.ts';
import { parseDatetime } from '../../../src/runtime/datetime.ts';
import { textNear } from '../mutations.ts';
import { defineTarget } from '../target.ts';

/** The result of a parser, or `refused`; any error but a 400 is a defect. */
function refusing<T>(read: () => T): T | 'refused' {
  try {
    return read();
  } catch (error) {
    if (error instanceof RequestProblem && error.status === 400) return 'refused';
    throw error;
  }
}

const fields = 'socket_id=1234.5678&channel_name=private-tenant.1.user.15';
const json = '{"socket_id":"1234.5678","channel_name":"private-tenant.1.user.15"}';
const ticket =
  '{"userId":"15","entityId":"E-7","entityType":null,"clientInfo":{"userAgent":"x","timestamp":1}}';
const batch = '{"socket_id":"1.2","channel_name":["private-a","private-b"]}';

const server = createServer({ logger: pino({ level: 'silent' }), trustedProxies: [] });
server.post('/', (request) => ({
  body: Object.entries(request.body as object),
  query: refusing(() => textQuery(request.query, 'token', 100) ?? null),
}));

/** The text after UTF-8 encoding, which replaces lone surrogates. */
const asUtf8 = (text: string) => Buffer.from(text).toString();

/** A byte order mark before a body is ignored. */
const withoutByteOrderMark = (text: string) => text.replace(/^\uFEFF/, '');

/** The fields of a form: repeated ones are excluded, and JSON has no symbol. */
const fieldsIn = (pairs: readonly (readonly [string, string])[]) =>
  new Map(
    pairs.map(([name]) => {
      const texts = pairs.filter(([other]) => other === name).map(([, text]) => text);
      return [name, texts.length > 1 ? null : texts[0]];
    }),
  );

export const bodyTargets = [
  defineTarget({
    name: 'forms and queries',
    input: fc.tuple(
      textNear(fields, `${fields}&token=x`, '__proto__=1&a[]=2&%63=%64+e', 'a=1&b=2&a=3'),
      textNear('token=abc', 'token=a&token=b', 'token[]=a', '__proto__[token]=x'),
    ),
    holds: async ([form, query]) => {
      const url = `/?${encodeURI(asUtf8(query)).replace(/[#\\]/g, '')}`;
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const response = await server.inject({ method: 'POST', url, headers, payload: form });
      const pairs = [...new URLSearchParams(withoutByteOrderMark(asUtf8(form)))];
      // Read as JSON whatever its content type, or ignored.
      if (/^\s*(?:\{|(?:null\s*)?$)/.test(form)) return;
      const expected = pairs.length > 128 ? 400 : 200;
      assert.equal(response.statusCode, Buffer.byteLength(form) > 24 * 1024 ? 413 : expected);
      if (response.statusCode !== 200) return;
      const { body } = response.json<{ readonly body: [string, string][] }>();
      assert.deepEqual(new Map(body), fieldsIn(pairs));
    },
  }),
  defineTarget({
    name: 'JSON bodies',
    input: fc.oneof(textNear(json, ticket, batch, '{"a":{"b":[{"c":1}]}}'), fc.json()),
    holds: (text) => {
      const read = refusing(() => parseJsonBody(text));
      if (read === 'refused') return;
      const once = Object.entries(JSON.parse(text) as object).filter(
        ([name]) => read[name] !== repeatedField,
      );
      assert.equal(JSON.stringify(read), JSON.stringify(Object.fromEntries(once)));
    },
  }),
  defineTarget({
    name: 'fields of bodies',
    input: fc.oneof(textNear(json, ticket, batch), fc.json()),
    holds: (text) => {
      const read = refusing(() => parseJsonBody(text));
      if (read === 'refused') return;
      for (const name of ['socket_id', 'userId', '__proto__', 'constructor']) {
        const field: unknown = refusing(() => textField(read, name, 128));
        const own: unknown = Object.hasOwn(read, name) ? read[name] : undefined;
        if (field !== 'refused') assert.equal(field, own === '' || own === null ? undefined : own);
      }
      refusing(() => {
        checkClientInfo(read);
      });
      const id = refusing(() => idField(read, 'entityId'));
      if (id !== undefined) assert.ok(!/[\p{Cc}\p{Cs}]/u.test(id));
      const names = refusing(() => channelNames(read));
      if (names !== 'refused') assert.deepEqual(names, read['channel_name']);
    },
  }),
  defineTarget({
    name: 'moments',
    input: textNear(
      '2025-12-31T11:00:00Z',
      '2024-02-29T23:59:59.999+05:30',
      '2025-02-28T00:00:00-12:00',
    ),
    holds: (text) => {
      const time = parseDatetime(text);
      if (time === undefined) return;
      const parts =
        /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text);
      assert.ok(parts, 'it has the form of RFC 3339');
      const [, year, month, day, hour, minute, second, fraction = '', zone = ''] = parts;
      const offset = zone === 'Z' ? 0 : Number(zone.slice(1, 3)) * 60 + Number(zone.slice(4));
      const start = new Date(0);
      // Years below 100 would be read as years of the last century.
      start.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
      start.setUTCHours(
        Number(hour),
        Number(minute),
        Number(second),
        Number(`${fraction}000`.slice(0, 3)),
      );
      assert.equal(time, start.getTime() - (zone.startsWith('-') ? -offset : offset) * 60_000);
    },
  }),
];

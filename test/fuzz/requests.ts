import assert from 'node:assert/strict';
import fc from 'fast-check';
import { createOracle, signaturesIn, type Caller } from '../support/oracle.ts';
import { mutated } from './mutations.ts';
import { onTheWire, requestParts, requestText } from './request-parts.ts';
import { defineTarget, type Target } from './target.ts';
import { exchange, type WireResponse } from './wire.ts';
import { fuzzed, type CallerCredentials } from './world.ts';

/** Coverage of a service by requests. */
export interface Seen {
  responses: number;
  /** The number of valid signatures: without any, nothing would have been tested. */
  signatures: number;
  forged: number;
  broken: number;
}

/** All texts in a request that a parser could read as a socket id. */
function socketsIn(request: string): readonly string[] {
  const unescaped = request.replace(/\\u([0-9a-f]{4})/gi, (_, code: string) =>
    String.fromCharCode(parseInt(code, 16)),
  );
  const decoded = unescaped.replace(/%([0-9a-f]{2})/gi, (_, code: string) =>
    String.fromCharCode(parseInt(code, 16)),
  );
  return [request, unescaped, decoded].flatMap((text) => text.match(/[0-9]+\.[0-9]+/g) ?? []);
}

/** Responses of refusals, by style of the route. */
function isErrorBody(text: string): boolean {
  const body = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const names = Object.keys(body).join();
  const shapes = ['error,message,request_id', 'error,message', 'success,error'];
  return shapes.includes(names) || text === '{"error":"Missing required parameters"}';
}

/** A target that sends whole requests to a running service, and checks every response. */
export function requestTarget(
  address: string,
  credentials: Readonly<Record<Caller, CallerCredentials>>,
  seen: Seen,
): Target {
  const oracle = createOracle(fuzzed.app);
  const judge = (who: Caller, request: string, { status, head, text }: WireResponse) => {
    seen.responses += 1;
    if (status >= 500) seen.broken += 1;
    assert.ok(status < 500, `answered ${status}: ${text}`);
    // Node itself responds to a request without a host, and to an expectation that it cannot meet (RFC 9110 §10.1.1).
    if ((status === 400 || status === 417) && text === '') return;
    if (status >= 400) {
      assert.ok(isErrorBody(text), `no error body of ours: ${status} ${text}`);
      assert.match(head, /\r\nx-request-id: [\w.-]+/);
    }
    if (status !== 200) {
      assert.deepEqual(signaturesIn(text), []);
      return;
    }
    const forged = oracle.forged(text, { who, sockets: socketsIn(request), signIn: true });
    seen.forged += forged.length;
    assert.deepEqual(forged, [], `a signature that should not exist: ${text}`);
    seen.signatures += signaturesIn(text).length;
  };
  const input = requestParts.chain((made) => {
    const request = requestText(made, credentials);
    return fc.oneof(fc.constant(request), mutated(request)).map((text) => ({
      who: made.who,
      request: text.replace(/[^\0-\xff]/gu, onTheWire),
    }));
  });
  return defineTarget({
    name: 'whole requests',
    input,
    longest: 30_000,
    holds: async ({ who, request }) => {
      for (const response of await exchange(address, Buffer.from(request, 'latin1'))) {
        judge(who, request, response);
      }
    },
  });
}

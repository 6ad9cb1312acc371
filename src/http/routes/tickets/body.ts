import { ownField, textField } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { malformed } from '../../output/problem.ts';

/** The text of a field that names something; `undefined` when it is missing, empty or null, and a 400 when no id looks like it. */
export function idField(body: unknown, name: string): string | undefined {
  if (ownField(body, name) === null) return undefined;
  const text = textField(body, name, maxCharacters.id);
  // It stands in audit rows and goes to chat servers, where what cannot be seen could be taken for another id.
  if (text !== undefined && /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)) {
    throw malformed(`${name} is malformed`);
  }
  return text;
}

const maxUserAgentLength = 1024;
const maxTimestampLength = 64;

/** Refuses a `clientInfo` that is not `{userAgent?, timestamp?}`, with a 400. It is only what a page says of itself: nothing of it is kept. */
export function checkClientInfo(body: unknown): void {
  const clientInfo = ownField(body, 'clientInfo');
  if (clientInfo === undefined || clientInfo === null) return;
  const isObject = typeof clientInfo === 'object' && !Array.isArray(clientInfo);
  if (!isObject) throw malformed('clientInfo must be an object');
  textField(clientInfo, 'userAgent', maxUserAgentLength);
  // Pages send either an ISO 8601 text or milliseconds.
  if (typeof ownField(clientInfo, 'timestamp') !== 'number') {
    textField(clientInfo, 'timestamp', maxTimestampLength);
  }
}

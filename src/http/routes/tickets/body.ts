import { ownField, textField } from '../../input/body.ts';
import { maxCharacters } from '../../input/lengths.ts';
import { malformed } from '../../output/problem.ts';

/** Reads an id. Returns `undefined` if it is missing, empty or null. Throws a 400 if no id can have this form. */
export function idField(body: unknown, name: string): string | undefined {
  const text = textField(body, name, maxCharacters.id);
  // The id is written to audit rows and sent to chat servers. With invisible characters it could be mistaken for
  // another id.
  if (text !== undefined && /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text)) {
    throw malformed(`${name} is malformed`);
  }
  return text;
}

const maxUserAgentLength = 1024;
const maxTimestampLength = 64;

/**
 * Throws a 400 for a `clientInfo` that is not `{userAgent?, timestamp?}`. The page sets these values itself, so they
 * are not stored.
 */
export function checkClientInfo(body: unknown): void {
  const clientInfo = ownField(body, 'clientInfo');
  if (clientInfo === undefined || clientInfo === null) return;
  const isObject = typeof clientInfo === 'object' && !Array.isArray(clientInfo);
  if (!isObject) throw malformed('clientInfo must be an object');
  textField(clientInfo, 'userAgent', maxUserAgentLength);
  // Pages send an ISO 8601 text or milliseconds.
  if (typeof ownField(clientInfo, 'timestamp') !== 'number') {
    textField(clientInfo, 'timestamp', maxTimestampLength);
  }
}

import {
  createDecipheriv,
  createHmac,
  createSecretKey,
  type CipherGCMTypes,
  type KeyObject,
} from 'node:crypto';
import { equalsConstantTime } from '../constant-time.ts';
import { decodeExactly } from '../exact-base64.ts';
import { parseJsonMembers } from '../json-object.ts';
import type { LaravelCipher } from './app-key.ts';

/** The cipher of an application, and its keys: `APP_KEY`, then each of `APP_PREVIOUS_KEYS`. */
export interface LaravelKeys {
  readonly cipher: LaravelCipher;
  readonly keys: readonly KeyObject[];
}

/** `malformed` is no output of Laravel's `Encrypter`; `unknown-key` is one of other keys, or was changed. */
type Decrypted = { readonly bytes: Buffer } | { readonly fault: 'malformed' | 'unknown-key' };

/** The parts of an encrypted text. `signed` is the text that `mac` covers. */
interface Envelope {
  readonly iv: Buffer;
  readonly value: Buffer;
  readonly tag: Buffer;
  readonly mac: string;
  readonly signed: string;
}

/** The length of an authentication tag. With a shorter one an attacker could guess it, which Node.js would accept. */
const tagLength = 16;
const ivLengths = { CBC: 16, GCM: 12 } as const;

export function laravelKeys(cipher: LaravelCipher, keys: readonly Uint8Array[]): LaravelKeys {
  return { cipher, keys: keys.map((bytes) => createSecretKey(bytes)) };
}

/**
 * Decrypts the output of Laravel's `Encrypter::encryptString` (`Illuminate/Encryption/Encrypter.php`): base64 of a JSON
 * object with `iv`, `value`, `mac` and `tag`. It is stricter than Laravel: base64 must have no other characters, and
 * CBC no tag. Never throws.
 */
export function decryptLaravel(text: string, { cipher, keys }: LaravelKeys): Decrypted {
  const mode = cipher.endsWith('GCM') ? 'GCM' : 'CBC';
  const envelope = readEnvelope(text, mode);
  if (envelope === undefined) return { fault: 'malformed' };
  for (const key of keys) {
    const bytes = mode === 'GCM' ? openGcm(envelope, cipher, key) : openCbc(envelope, cipher, key);
    if (bytes !== undefined) return { bytes };
  }
  return { fault: 'unknown-key' };
}

function readEnvelope(text: string, mode: keyof typeof ivLengths): Envelope | undefined {
  const json = decodeExactly(text, 'base64');
  const members = json && parseJsonMembers(json);
  const [iv, value, mac] = ['iv', 'value', 'mac'].map((name) => members?.get(name));
  const tag = members?.get('tag') ?? '';
  if (![iv, value, mac, tag].every((each) => typeof each === 'string')) return undefined;
  const [ivBytes, valueBytes, tagBytes] = [iv, value, tag].map((each) =>
    decodeExactly(each as string, 'base64'),
  );
  if (ivBytes?.length !== ivLengths[mode] || valueBytes === undefined) return undefined;
  if (tagBytes?.length !== (mode === 'GCM' ? tagLength : 0)) return undefined;
  const signed = `${iv as string}${value as string}`;
  return { iv: ivBytes, value: valueBytes, tag: tagBytes, mac: mac as string, signed };
}

/** Checks the HMAC before it decrypts: errors of the padding would tell an attacker the text (Vaudenay 2002). */
function openCbc(
  { iv, value, mac, signed }: Envelope,
  cipher: LaravelCipher,
  key: KeyObject,
): Buffer | undefined {
  const expected = createHmac('sha256', key).update(signed).digest('hex');
  if (!equalsConstantTime(mac, expected)) return undefined;
  try {
    const decipher = createDecipheriv(cipher, key, iv);
    return Buffer.concat([decipher.update(value), decipher.final()]);
  } catch {
    return undefined;
  }
}

function openGcm(
  { iv, value, tag }: Envelope,
  cipher: LaravelCipher,
  key: KeyObject,
): Buffer | undefined {
  try {
    const name = cipher.toLowerCase() as CipherGCMTypes;
    const decipher = createDecipheriv(name, key, iv, { authTagLength: tagLength });
    decipher.setAuthTag(tag);
    return Buffer.concat([decipher.update(value), decipher.final()]);
  } catch {
    return undefined;
  }
}

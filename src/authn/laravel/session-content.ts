import { parseJsonMembers } from '../json-object.ts';
import { decryptLaravel, type LaravelKeys } from './encrypter.ts';
import { parsePhp, type PhpScalar } from './php-serialize.ts';

/** How the application writes a session: `session.serialization` and `session.encrypt`. */
export interface SessionFormat {
  readonly serialization: 'php' | 'json';
  readonly encrypted: boolean;
}

/** The attributes of a session. */
export interface SessionContent {
  /** Returns a text, an integer as text, `null` if there is no such attribute, or `opaque` for a value of another type. */
  readonly get: (name: string) => { readonly text: string } | 'opaque' | null;
  readonly names: () => readonly string[];
}

/** The maximum size of a stored session, encrypted or not. */
const maxLength = 1_500_000;

/**
 * Reads the attributes of a stored session (`Illuminate/Session/Store.php`, `EncryptedStore.php`). Returns the part that
 * does not fit otherwise: Laravel then starts an empty session.
 */
export function readContent(
  stored: Buffer,
  { serialization, encrypted }: SessionFormat,
  keys: LaravelKeys,
): SessionContent | { readonly fault: 'encryption' | 'serialization' } {
  if (stored.length > maxLength) return { fault: 'serialization' };
  const bytes = encrypted ? decryptContent(stored, keys) : stored;
  if (bytes === undefined) return { fault: 'encryption' };
  const content = serialization === 'json' ? readJson(bytes) : readPhp(bytes);
  return content ?? { fault: 'serialization' };
}

/** Reads the PHP string that contains a session in the cache, or in an encrypted session. */
export function readPhpString(bytes: Buffer): Buffer | undefined {
  const value = parsePhp(bytes);
  return value !== undefined && value !== 'opaque' && value.type === 'string'
    ? Buffer.from(value.latin1, 'latin1')
    : undefined;
}

function decryptContent(stored: Buffer, keys: LaravelKeys): Buffer | undefined {
  const decrypted = decryptLaravel(stored.toString('latin1'), keys);
  return 'fault' in decrypted ? undefined : readPhpString(decrypted.bytes);
}

function readPhp(bytes: Buffer): SessionContent | undefined {
  const root = parsePhp(bytes);
  if (root === undefined || root === 'opaque' || root.type !== 'array') return undefined;
  const { entries } = root;
  return {
    names: () => [...entries.keys()],
    get: (name) => {
      const value = entries.get(name);
      if (value === undefined) return null;
      return value === 'opaque' ? value : readScalar(value);
    },
  };
}

function readScalar(value: PhpScalar): ReturnType<SessionContent['get']> {
  switch (value.type) {
    case 'null':
      return null;
    case 'integer':
      return { text: String(value.value) };
    case 'string':
      return textOf(Buffer.from(value.latin1, 'latin1'));
    case 'boolean':
    case 'double':
      return 'opaque';
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function textOf(bytes: Buffer): { readonly text: string } | 'opaque' {
  try {
    return { text: decoder.decode(bytes) };
  } catch {
    return 'opaque';
  }
}

function readJson(bytes: Buffer): SessionContent | undefined {
  const members = parseJsonMembers(bytes);
  return (
    members && {
      names: () => members.names(),
      get: (name) => {
        const value = members.get(name) ?? null;
        if (value === null) return null;
        if (typeof value === 'string') return { text: value };
        // JavaScript has rounded a larger number, so it could be another user's.
        const isExact = typeof value === 'number' && Number.isSafeInteger(value);
        return isExact ? { text: String(value) } : 'opaque';
      },
    }
  );
}

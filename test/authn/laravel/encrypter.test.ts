import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { laravelCiphers, type LaravelCipher } from '../../../src/authn/laravel/app-key.ts';
import { decryptLaravel, laravelKeys } from '../../../src/authn/laravel/encrypter.ts';
import { readSessionId } from '../../../src/authn/laravel/session-cookie-value.ts';

interface Parts {
  readonly iv: string;
  readonly value: string;
  readonly mac: string;
  readonly tag: string;
}

const keyFor = (cipher: LaravelCipher) => Buffer.alloc(cipher.includes('256') ? 32 : 16, 7);

/** Encrypts as Laravel does. */
function seal(text: string, cipher: LaravelCipher, key = keyFor(cipher)): Parts {
  const isGcm = cipher.endsWith('GCM');
  const iv = randomBytes(isGcm ? 12 : 16);
  const sealing = createCipheriv(cipher.toLowerCase(), key, iv);
  const value = Buffer.concat([sealing.update(text), sealing.final()]).toString('base64');
  const tag = isGcm
    ? (sealing as ReturnType<typeof createCipheriv> & { getAuthTag: () => Buffer }).getAuthTag()
    : Buffer.alloc(0);
  return withMac(
    { iv: iv.toString('base64'), value, mac: '', tag: tag.toString('base64') },
    key,
    isGcm,
  );
}

function withMac(parts: Parts, key: Buffer, isGcm = false): Parts {
  const mac = createHmac('sha256', key).update(`${parts.iv}${parts.value}`).digest('hex');
  return { ...parts, mac: isGcm ? '' : mac };
}

const textOf = (parts: object) => Buffer.from(JSON.stringify(parts)).toString('base64');
const open = (parts: object, cipher: LaravelCipher) =>
  decryptLaravel(textOf(parts), laravelKeys(cipher, [keyFor(cipher)]));
const cut = (base64: string, bytes: number) =>
  Buffer.from(base64, 'base64').subarray(0, bytes).toString('base64');
/** Changes one bit. */
const flip = (base64: string, bit: number) => {
  const bytes = Buffer.from(base64, 'base64');
  bytes[(bit >> 3) % bytes.length]! ^= 1 << (bit & 7);
  return bytes.toString('base64');
};

describe.each(laravelCiphers)('a text encrypted with %s', (cipher) => {
  const isGcm = cipher.endsWith('GCM');

  it('is decrypted with each of several keys', () => {
    const parts = seal('hello', cipher);
    expect(open(parts, cipher)).toEqual({ bytes: Buffer.from('hello') });
    const keys = laravelKeys(cipher, [randomBytes(keyFor(cipher).length), keyFor(cipher)]);
    expect(decryptLaravel(textOf(parts), keys)).toEqual({ bytes: Buffer.from('hello') });
    const others = laravelKeys(cipher, [randomBytes(keyFor(cipher).length)]);
    expect(decryptLaravel(textOf(parts), others)).toEqual({ fault: 'unknown-key' });
  });

  it('is refused after a change of any bit', () => {
    const parts = seal('session', cipher);
    for (const name of isGcm ? (['iv', 'value', 'tag'] as const) : (['iv', 'value'] as const)) {
      const bits = Buffer.from(parts[name], 'base64').length * 8;
      for (let bit = 0; bit < bits; bit += 1) {
        const changed = { ...parts, [name]: flip(parts[name], bit) };
        expect(open(changed, cipher)).toEqual({ fault: 'unknown-key' });
      }
    }
  });

  it('is refused with parts of other types, lengths or encodings', () => {
    const parts = seal('session', cipher);
    const changes: readonly object[] = [
      ...['iv', 'value', 'mac'].flatMap((name) =>
        [undefined, null, 5, [], {}, true].map((value) => ({ [name]: value })),
      ),
      ...[5, [], {}, false].map((tag) => ({ tag })),
      ...[0, 8, 11, 13, 15, 17, 64].map((length) => ({
        iv: randomBytes(length).toString('base64'),
      })),
      {
        iv:
          parts.iv.replace(/=*$/, '') === parts.iv ? `${parts.iv}\n` : parts.iv.replace(/=+$/, ''),
      },
      { value: `${parts.value} ` },
      { value: `!${parts.value}` },
    ];
    for (const change of changes)
      expect(open({ ...parts, ...change }, cipher)).toHaveProperty('fault');
    expect(open([parts], cipher)).toEqual({ fault: 'malformed' });
    for (const text of [
      '',
      'e30=',
      'bnVsbA==',
      '%',
      textOf(parts).replace(/.$/, ''),
      `${textOf(parts)}\n`,
    ]) {
      expect(decryptLaravel(text, laravelKeys(cipher, [keyFor(cipher)]))).toHaveProperty('fault');
    }
  });

  it('is refused in similar forms', () => {
    const parts = seal('session', cipher);
    const near = fc.record({
      iv: fc.oneof(fc.constant(parts.iv), fc.base64String()),
      value: fc.oneof(fc.constant(parts.value), fc.base64String(), fc.string()),
      mac: fc.oneof(fc.constant(parts.mac), fc.string()),
      tag: fc.oneof(fc.constant(parts.tag), fc.base64String({ maxLength: 40 })),
    });
    fc.assert(
      fc.property(near, (changed) => {
        const isSame = (['iv', 'value', 'tag'] as const).every(
          (name) => changed[name] === parts[name],
        );
        const opens = isSame && (isGcm || changed.mac === parts.mac);
        expect('bytes' in open(changed, cipher)).toBe(opens);
      }),
    );
  });
});

describe('a tag of GCM', () => {
  it.each(['AES-256-GCM', 'AES-128-GCM'] as const)(
    'must have 16 bytes with %s: a shorter one could be guessed',
    (cipher) => {
      const parts = seal('session', cipher);
      for (let bytes = 0; bytes < 16; bytes += 1) {
        expect(open({ ...parts, tag: cut(parts.tag, bytes) }, cipher)).toEqual({
          fault: 'malformed',
        });
      }
      for (const tag of [undefined, null]) {
        expect(open({ ...parts, tag }, cipher)).toEqual({ fault: 'malformed' });
      }
      const longer = Buffer.concat([Buffer.from(parts.tag, 'base64'), Buffer.alloc(1)]);
      expect(open({ ...parts, tag: longer.toString('base64') }, cipher)).toEqual({
        fault: 'malformed',
      });
    },
  );
});

describe('the HMAC of CBC', () => {
  const cipher = 'AES-256-CBC';

  it('is verified before the padding: all invalid texts get the same response', () => {
    const parts = seal('session', cipher);
    // Its last byte is no length of a padding. The text of a random block would be padded in one of 256 runs.
    const iv = Buffer.from(parts.iv, 'base64');
    const unpadded = createCipheriv(cipher, keyFor(cipher), iv).setAutoPadding(false);
    const other = unpadded.update(Buffer.alloc(16)).toString('base64');
    const responses = ['', 'a'.repeat(64), parts.mac.toUpperCase(), `${parts.mac} `].map((mac) =>
      open({ ...parts, value: other, mac }, cipher),
    );
    expect(new Set(responses.map((response) => JSON.stringify(response)))).toEqual(
      new Set(['{"fault":"unknown-key"}']),
    );
    // With its HMAC, a wrong padding is refused as well.
    expect(open(withMac({ ...parts, value: other }, keyFor(cipher)), cipher)).toEqual({
      fault: 'unknown-key',
    });
  });

  it('does not decrypt a text of GCM, nor the reverse', () => {
    expect(open(seal('session', 'AES-256-GCM'), cipher)).toEqual({ fault: 'malformed' });
    expect(open(seal('session', cipher), 'AES-256-GCM')).toEqual({ fault: 'malformed' });
  });
});

describe('a session cookie', () => {
  const cipher = 'AES-256-CBC';
  const keys = laravelKeys(cipher, [keyFor(cipher)]);
  const id = 'a'.repeat(40);
  const prefix = (name: string) =>
    createHmac('sha1', keyFor(cipher)).update(`${name}v2`).digest('hex');
  const read = (text: string) => readSessionId(textOf(seal(text, cipher)), 'shop_session', keys);

  it('contains its own name and an id', () => {
    expect(read(`${prefix('shop_session')}|${id}`)).toEqual({ id });
    expect(read(`${prefix('XSRF-TOKEN')}|${id}`)).toEqual({ fault: 'cookie-name' });
    expect(read(id)).toEqual({ fault: 'cookie-name' });
    expect(read(`${prefix('shop_session')}${id}`)).toEqual({ fault: 'cookie-name' });
    for (const wrong of [
      '',
      id.slice(1),
      `${id}a`,
      `${id.slice(1)}-`,
      `${id.slice(1)}é`,
      `${id}\n`,
    ]) {
      expect(read(`${prefix('shop_session')}|${wrong}`)).toEqual({ fault: 'id' });
    }
  });

  it('may have any length, and one of several counts if the others are not of Laravel', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 200 }), fc.base64String({ maxLength: 9000 })),
        (text) => {
          expect(readSessionId(text, 'shop_session', keys)).toHaveProperty('fault');
        },
      ),
    );
  });
});

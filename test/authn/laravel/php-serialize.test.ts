import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePhp } from '../../../src/authn/laravel/php-serialize.ts';
import { readContent } from '../../../src/authn/laravel/session-content.ts';
import { laravelKeys } from '../../../src/authn/laravel/encrypter.ts';

const parse = (text: string | Buffer) => parsePhp(Buffer.from(text as string, 'latin1'));
const keys = laravelKeys('AES-256-CBC', [Buffer.alloc(32)]);
const contentOf = (text: string, serialization: 'php' | 'json' = 'php') =>
  readContent(Buffer.from(text, 'latin1'), { serialization, encrypted: false }, keys);
const get = (text: string, name = 'k') => {
  const content = contentOf(text);
  return 'fault' in content ? content.fault : content.get(name);
};
const withKey = (value: string) => `a:1:{s:1:"k";${value}}`;

describe('a serialized value of PHP', () => {
  it.each([
    ['i:15;', { text: '15' }],
    ['i:-15;', { text: '-15' }],
    ['i:0;', { text: '0' }],
    ['i:9223372036854775807;', { text: '9223372036854775807' }],
    ['i:9007199254740993;', { text: '9007199254740993' }],
    ['s:2:"15";', { text: '15' }],
    ['s:0:"";', { text: '' }],
    ['s:4:"a";}";', { text: 'a";}' }],
    ['N;', null],
    ['b:1;', 'opaque'],
    ['d:15;', 'opaque'],
    ['d:INF;', 'opaque'],
    ['d:-1.5E+25;', 'opaque'],
    ['a:0:{}', 'opaque'],
    ['O:8:"stdClass":1:{s:1:"a";i:1;}', 'opaque'],
    ['E:11:"Suit:Hearts";', 'opaque'],
    ['C:3:"Abc":4:{{;"}}', 'opaque'],
    ['R:1;', 'opaque'],
    ['s:1:"\xff";', 'opaque'],
  ])('%s is read without creating an object', (value, expected) => {
    expect(get(withKey(value))).toEqual(expected);
  });

  it.each([
    ['a length that is too large', 's:3:"15";'],
    ['a length that is too small', 's:1:"15";'],
    ['a length beyond the text', 's:9999999999:"15";'],
    ['a negative length', 's:-1:"";'],
    ['a length that is not a number', 's:0x1:"a";'],
    ['a count that is too large', 'a:2:{i:0;i:1;}'],
    ['a count that is too small', 'a:0:{i:0;i:1;}'],
    ['a huge count', 'a:999999999:{}'],
    ['an integer that is too large', 'i:9223372036854775808;'],
    ['an integer with a fraction', 'i:1.5;'],
    ['no integer', 'i:;'],
    ['a reference to nothing', 'R:9;'],
    ['a reference to itself', 'r:2;'],
    ['a reference to 0', 'r:0;'],
    ['a negative reference', 'R:-1;'],
    ['an object with a wrong count', 'O:8:"stdClass":2:{s:1:"a";i:1;}'],
    ['an object with a wrong name', 'O:9:"stdClass":0:{}'],
    ['an object without properties', 'O:8:"stdClass";'],
    ['a custom object with a wrong length', 'C:3:"Abc":9:{{;"}}'],
    ['an array as a key', 'a:1:{a:0:{}i:1;}'],
    ['an escaped string', 'S:2:"\\61";'],
    ['an unknown type', 'x:1;'],
    ['a boolean of 2', 'b:2;'],
  ])('with %s makes the session unreadable', (_what, value) => {
    expect(contentOf(withKey(value))).toEqual({ fault: 'serialization' });
  });

  it.each(['', 'N;', 'i:1;', 's:1:"a";', 'O:8:"stdClass":0:{}', 'b:1;', 'R:1;', '{}'])(
    '%j is no session',
    (text) => {
      expect(contentOf(text)).toEqual({ fault: 'serialization' });
    },
  );

  it('is refused if it is truncated', () => {
    const text = 'a:2:{s:1:"k";i:15;s:1:"o";O:8:"stdClass":1:{s:1:"a";a:1:{i:0;d:0.5;}}}';
    expect(get(text)).toEqual({ text: '15' });
    expect(get(`${text} and more`)).toEqual({ text: '15' });
    for (let length = 0; length < text.length; length += 1) {
      expect(contentOf(text.slice(0, length))).toEqual({ fault: 'serialization' });
    }
  });

  it('does not overflow the stack with deep arrays', () => {
    for (const open of ['a:1:{i:0;', 'O:1:"A":1:{s:1:"a";']) {
      for (const depth of [201, 100_000]) {
        const text = withKey(`${open.repeat(depth)}N;${'}'.repeat(depth)}`);
        expect(contentOf(text)).toEqual({ fault: 'serialization' });
      }
      expect(get(withKey(`${open.repeat(150)}N;${'}'.repeat(150)}`))).toBe('opaque');
    }
  });

  it('is found by its own key at the top level, not in a text or in another array', () => {
    const hidden = 's:1:"k";i:15;';
    expect(get(`a:1:{s:1:"q";s:${hidden.length}:"${hidden}";}`)).toBeNull();
    expect(get(`a:1:{s:1:"q";a:1:{${hidden}}}`)).toBeNull();
    expect(get(`a:2:{${hidden}s:1:"k";i:16;}`)).toEqual({ text: '16' });
    expect(get('a:1:{s:9:"__proto__";i:15;}')).toBeNull();
    expect(get('a:1:{s:9:"__proto__";i:15;}', '__proto__')).toEqual({ text: '15' });
    expect(get('a:0:{}', 'constructor')).toBeNull();
  });

  it('may have hundreds of thousands of values, but not more than 1.5 MB', () => {
    const many = 200_000;
    const text = `a:${many}:{${Array.from({ length: many }, (_value, i) => `i:${i % 10};`).join('N;')}N;}`;
    expect(contentOf(text)).toHaveProperty('get');
    expect(contentOf('a'.repeat(1_500_001))).toEqual({ fault: 'serialization' });
  });
});

describe('any other text', () => {
  const serialized =
    'a:3:{s:1:"k";i:15;s:1:"o";O:3:"Abc":1:{s:1:"a";r:1;}s:1:"x";a:1:{i:0;E:3:"A:B";}}';
  const letters = fc.constantFrom(...Array.from('aOCEsirRNbd:;{}"0123456789-\\\xff\0'));

  it('causes no error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        parsePhp(Buffer.from(bytes));
      }),
    );
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 60 }), (text) => {
        parse(text.join(''));
      }),
      { numRuns: 2_000 },
    );
  });

  it('near a session causes no error, and does not change a login that it contains unchanged', () => {
    const place = fc.nat(serialized.length);
    fc.assert(
      fc.property(place, place, fc.array(letters, { maxLength: 8 }), (from, to, put) => {
        const changed = `${serialized.slice(0, from)}${put.join('')}${serialized.slice(to)}`;
        const found = get(changed);
        if (found !== null && typeof found === 'object') expect(changed).toContain(found.text);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('a session in JSON', () => {
  it.each<[string, unknown]>([
    ['{"k":15}', { text: '15' }],
    ['{"k":"0191f1c0"}', { text: '0191f1c0' }],
    ['{"k":null}', null],
    ['{}', null],
    ['{"k":1.5}', 'opaque'],
    ['{"k":9007199254740993}', 'opaque'],
    ['{"k":true}', 'opaque'],
    ['{"k":[15]}', 'opaque'],
    ['{"k":15,"k":16}', { text: '16' }],
  ])('%s', (text, expected) => {
    const content = contentOf(text, 'json');
    expect('get' in content && content.get('k')).toEqual(expected);
  });

  it('returns the names of its attributes', () => {
    const content = contentOf('{"_token":"x","login_admin":15}', 'json');
    expect('names' in content && content.names()).toEqual(['_token', 'login_admin']);
  });

  it.each(['', '[]', '15', 'null', '{"k":15', '\xff', 'a:0:{}'])('%j is no session', (text) => {
    expect(contentOf(text, 'json')).toEqual({ fault: 'serialization' });
  });
});

/**
 * A value of PHP's `serialize`. Strings are bytes, as PHP has them. `opaque` stands for arrays, objects, enums and
 * references: they are checked and skipped, and never built.
 */
export type PhpValue = PhpScalar | PhpArray | 'opaque';

export type PhpScalar =
  | { readonly type: 'null' }
  | { readonly type: 'boolean' | 'double' }
  | { readonly type: 'integer'; readonly value: bigint }
  | { readonly type: 'string'; readonly bytes: Buffer };

/** The root, if it is an array. Keys are in ISO 8859-1, one character a byte; of equal keys the last one counts. */
export interface PhpArray {
  readonly type: 'array';
  readonly entries: ReadonlyMap<string, PhpScalar | 'opaque'>;
}

/** Sessions are some levels deep. PHP itself stops at 4096. */
const maxDepth = 200;
const maxInteger = 2n ** 63n;

class InvalidText extends Error {}

/**
 * Parses the output of PHP's `serialize` (php-src, `ext/standard/var_unserializer.re`). Returns `undefined` if the text
 * is incomplete, has a wrong length or count, refers to a value that is not there, or is nested deeper than 200 levels.
 * Ignores bytes after the end, as PHP does. Never throws, and takes time and memory in proportion to the text.
 */
export function parsePhp(bytes: Buffer): PhpValue | undefined {
  try {
    return new PhpReader(bytes).readRoot();
  } catch (error) {
    if (error instanceof InvalidText) return undefined;
    throw error;
  }
}

/** A position in the text, and the number of values so far, to which references refer. */
class PhpReader {
  readonly #bytes: Buffer;
  #place = 0;
  #values = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  readRoot(): PhpValue {
    if (this.#peek() !== 'a') return this.#readValue(0);
    this.#values += 1;
    const entries = new Map<string, PhpScalar | 'opaque'>();
    this.#readEntries((key) => entries.set(key, this.#readValue(1)));
    return { type: 'array', entries };
  }

  #readValue(depth: number): PhpScalar | 'opaque' {
    if (depth > maxDepth) throw new InvalidText();
    const type = this.#peek();
    if (type !== 'R') this.#values += 1;
    switch (type) {
      case 'N':
        this.#expect('N;');
        return { type: 'null' };
      case 'b':
        this.#match(/^b:[01];/);
        return { type: 'boolean' };
      case 'd':
        this.#match(/^d:(?:-?INF|NAN|[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:E[+-]?[0-9]{1,4})?);/i);
        return { type: 'double' };
      case 'i':
        return { type: 'integer', value: this.#readInteger() };
      case 's':
        return { type: 'string', bytes: this.#readString('s') };
      case 'a':
        this.#readEntries(() => this.#readValue(depth + 1));
        return 'opaque';
      case 'O':
      case 'C':
        this.#readObject(type, depth);
        return 'opaque';
      case 'E':
        this.#readString('E');
        return 'opaque';
      case 'r':
      case 'R':
        // A reference of the kind `r` is a value itself, and must not refer to itself.
        this.#readReference(type === 'r' ? this.#values - 1 : this.#values);
        return 'opaque';
      default:
        throw new InvalidText();
    }
  }

  #readEntries(readValue: (key: string) => unknown): void {
    const [, count = ''] = this.#match(/^a:([0-9]{1,10}):\{/);
    this.#readMembers(Number(count), readValue);
  }

  /** Keys are integers or strings, and are no values that a reference could refer to. */
  #readMembers(count: number, readValue: (key: string) => unknown): void {
    for (let i = 0; i < count; i += 1) {
      const key =
        this.#peek() === 'i'
          ? String(this.#readInteger())
          : this.#readString('s').toString('latin1');
      readValue(key);
    }
    this.#expect('}');
  }

  /** `O` has properties. `C`, of the old interface `Serializable`, has bytes of the class's own format. */
  #readObject(type: 'O' | 'C', depth: number): void {
    this.#expect(`${type}:`);
    this.#readCounted();
    const [, count = ''] = this.#match(/^:([0-9]{1,10}):\{/);
    if (type === 'O') {
      this.#readMembers(Number(count), () => this.#readValue(depth + 1));
      return;
    }
    this.#skip(Number(count));
    this.#expect('}');
    // Later references may refer to values in those bytes.
    this.#values = Infinity;
  }

  #readReference(last: number): void {
    const [, index = ''] = this.#match(/^[rR]:([0-9]{1,10});/);
    if (Number(index) < 1 || Number(index) > last) throw new InvalidText();
  }

  #readInteger(): bigint {
    const [, digits = ''] = this.#match(/^i:([+-]?[0-9]{1,20});/);
    const value = BigInt(digits.replace('+', ''));
    if (value < -maxInteger || value >= maxInteger) throw new InvalidText();
    return value;
  }

  /** `s:3:"abc";`, and the same with another letter. */
  #readString(letter: 's' | 'E'): Buffer {
    this.#expect(`${letter}:`);
    const bytes = this.#readCounted();
    this.#expect(';');
    return bytes;
  }

  /** `3:"abc"`. */
  #readCounted(): Buffer {
    const [, length = ''] = this.#match(/^([0-9]{1,10}):"/);
    const start = this.#place;
    this.#skip(Number(length));
    const bytes = this.#bytes.subarray(start, this.#place);
    this.#expect('"');
    return bytes;
  }

  #peek(): string {
    return this.#bytes.toString('latin1', this.#place, this.#place + 1);
  }

  #skip(length: number): void {
    if (length > this.#bytes.length - this.#place) throw new InvalidText();
    this.#place += length;
  }

  #expect(text: string): void {
    if (this.#bytes.toString('latin1', this.#place, this.#place + text.length) !== text) {
      throw new InvalidText();
    }
    this.#place += text.length;
  }

  /** Matches a short token at this place. */
  #match(pattern: RegExp): RegExpExecArray {
    const window = this.#bytes.toString('latin1', this.#place, this.#place + maxTokenLength);
    const match = pattern.exec(window);
    if (match === null) throw new InvalidText();
    this.#place += match[0].length;
    return match;
  }
}

/** The length of the longest token: a number with its letter. */
const maxTokenLength = 64;

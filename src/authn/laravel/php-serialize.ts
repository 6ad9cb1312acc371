/**
 * A value of PHP's `serialize`. Strings are in ISO 8859-1, one character a byte, as PHP has no encoding. `opaque` stands for arrays, objects, enums and
 * references: they are checked and skipped, and never built.
 */
type PhpValue = PhpScalar | PhpArray | 'opaque';

export type PhpScalar =
  | { readonly type: 'null' }
  | { readonly type: 'boolean' | 'double' }
  | { readonly type: 'integer'; readonly value: bigint }
  | { readonly type: 'string'; readonly latin1: string };

/** The root, if it is an array. Of equal keys the last one counts. */
interface PhpArray {
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
  readonly #text: string;
  #place = 0;
  #values = 0;

  constructor(bytes: Buffer) {
    this.#text = bytes.toString('latin1');
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
        this.#match(tokens.boolean);
        return { type: 'boolean' };
      case 'd':
        this.#match(tokens.double);
        return { type: 'double' };
      case 'i':
        return { type: 'integer', value: this.#readInteger() };
      case 's':
        return { type: 'string', latin1: this.#readString('s') };
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
    const [, count = ''] = this.#match(tokens.array);
    this.#readMembers(Number(count), readValue);
  }

  /** Keys are integers or strings, and are no values that a reference could refer to. */
  #readMembers(count: number, readValue: (key: string) => unknown): void {
    for (let i = 0; i < count; i += 1) {
      const key = this.#peek() === 'i' ? String(this.#readInteger()) : this.#readString('s');
      readValue(key);
    }
    this.#expect('}');
  }

  /** `O` has properties. `C`, of the old interface `Serializable`, has bytes of the class's own format. */
  #readObject(type: 'O' | 'C', depth: number): void {
    this.#expect(`${type}:`);
    this.#readCounted();
    const [, count = ''] = this.#match(tokens.members);
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
    const [, index = ''] = this.#match(tokens.reference);
    if (Number(index) < 1 || Number(index) > last) throw new InvalidText();
  }

  #readInteger(): bigint {
    const [, digits = ''] = this.#match(tokens.integer);
    const value = BigInt(digits.replace('+', ''));
    if (value < -maxInteger || value >= maxInteger) throw new InvalidText();
    return value;
  }

  /** `s:3:"abc";`, and the same with another letter. */
  #readString(letter: 's' | 'E'): string {
    this.#expect(`${letter}:`);
    const text = this.#readCounted();
    this.#expect(';');
    return text;
  }

  /** `3:"abc"`. */
  #readCounted(): string {
    const [, length = ''] = this.#match(tokens.length);
    const start = this.#place;
    this.#skip(Number(length));
    const text = this.#text.slice(start, this.#place);
    this.#expect('"');
    return text;
  }

  #peek(): string {
    return this.#text.charAt(this.#place);
  }

  #skip(length: number): void {
    if (length > this.#text.length - this.#place) throw new InvalidText();
    this.#place += length;
  }

  #expect(text: string): void {
    if (!this.#text.startsWith(text, this.#place)) throw new InvalidText();
    this.#place += text.length;
  }

  /** Matches a sticky pattern at this place. */
  #match(pattern: RegExp): RegExpExecArray {
    pattern.lastIndex = this.#place;
    const match = pattern.exec(this.#text);
    if (match === null) throw new InvalidText();
    this.#place += match[0].length;
    return match;
  }
}

/** The parts of the format that contain a number. */
const tokens = {
  boolean: /b:[01];/y,
  double:
    /d:(?:-?INF|NAN|[+-]?(?:[0-9]{1,400}\.?[0-9]{0,400}|\.[0-9]{1,400})(?:E[+-]?[0-9]{1,4})?);/iy,
  integer: /i:([+-]?[0-9]{1,20});/y,
  array: /a:([0-9]{1,10}):\{/y,
  members: /:([0-9]{1,10}):\{/y,
  length: /([0-9]{1,10}):"/y,
  reference: /[rR]:([0-9]{1,10});/y,
};

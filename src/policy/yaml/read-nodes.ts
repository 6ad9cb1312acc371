import {
  isAlias,
  isMap,
  isScalar,
  type Alias,
  type ParsedNode,
  type Scalar,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml';
import { quote } from './problem.ts';
import { maxDepth, maxNodes, tooDeep, tooManyValues } from './read-syntax.ts';
import { type TextProblem } from './read-text.ts';

/** A value of a file, and where it is. */
export interface LocatedNode {
  /** The offset of the value, or of the alias that stands for it. */
  readonly offset: number;
  readonly value: unknown;
  /** Of a scalar: its place, which is that of the anchor if the value is an alias. */
  readonly scalar?: Scalar.Parsed;
  /** Of a mapping or a list. */
  readonly entries?: ReadonlyMap<string | number, LocatedEntry>;
  /** The number of values in it, itself included, with those that aliases repeat. */
  readonly size: number;
  /** The depth of mappings and lists in it, itself included. */
  readonly height: number;
}

/** An entry of a mapping or of a list. */
export interface LocatedEntry {
  /** The key, for an entry of a mapping. */
  readonly key?: Scalar.Parsed;
  readonly node: LocatedNode;
}

/** The anchors that were read so far; `open` while the value is being read. */
type Anchors = Map<string, LocatedNode | 'open'>;

interface Reading {
  readonly problems: TextProblem[];
  readonly anchors: Anchors;
  /** How many more values may be read; below 0 after the limit was reported. */
  remaining: number;
}

/**
 * Turns a syntax tree into values. Objects have no prototype, so a key such as `__proto__` is a key like any other. An alias
 * counts as all the values that it repeats, which limits the values that a small file can stand for.
 */
export function readNodes(root: ParsedNode): {
  readonly node: LocatedNode;
  readonly problems: readonly TextProblem[];
} {
  const reading: Reading = { problems: [], anchors: new Map(), remaining: maxNodes };
  return { node: readNode(root, 0, reading), problems: reading.problems };
}

/** Reports a problem, and stands for the value that was not read. */
function refuse(reading: Reading, offset: number, message: string): LocatedNode {
  reading.problems.push({ offset, message });
  return unread(offset);
}

function take(reading: Reading, count: number): boolean {
  if (reading.remaining >= 0) reading.remaining -= count;
  return reading.remaining >= 0;
}

/** Reports once that there are too many values. */
function refuseMore(reading: Reading, offset: number): LocatedNode {
  const isReported = reading.problems.some(({ message }) => message === tooManyValues);
  return isReported ? unread(offset) : refuse(reading, offset, tooManyValues);
}

const unread = (offset: number): LocatedNode => ({ offset, value: null, size: 1, height: 0 });

function readNode(node: ParsedNode, depth: number, reading: Reading): LocatedNode {
  const offset = node.range[0];
  if (isAlias(node)) return readAlias(node, depth, reading);
  if (!take(reading, 1)) return refuseMore(reading, offset);
  const { anchor, tag } = node;
  if (anchor !== undefined) reading.anchors.set(anchor, 'open');
  const read = isScalar(node) ? readScalar(node, reading) : readCollection(node, depth, reading);
  if (anchor !== undefined) reading.anchors.set(anchor, read);
  if (tag === undefined || coreTags.has(tag)) return read;
  const message = tag.startsWith('!')
    ? `${quote(tag)} is read as a tag of YAML: write the value in quotes`
    : `the tag ${quote(tag)} is not known here: leave it out`;
  return refuse(reading, offset, message);
}

const coreTags: ReadonlySet<string> = new Set(
  ['str', 'int', 'float', 'bool', 'null', 'map', 'seq'].map((name) => `tag:yaml.org,2002:${name}`),
);

function readAlias({ source, range }: Alias.Parsed, depth: number, reading: Reading): LocatedNode {
  const offset = range[0];
  const target = reading.anchors.get(source);
  if (target === undefined) {
    return refuse(
      reading,
      offset,
      `no anchor &${quote(source)} comes before the alias *${quote(source)}`,
    );
  }
  if (target === 'open') {
    return refuse(
      reading,
      offset,
      `the alias *${quote(source)} is inside the value that it repeats`,
    );
  }
  if (depth + target.height > maxDepth) return refuse(reading, offset, tooDeep);
  return take(reading, target.size) ? { ...target, offset } : refuseMore(reading, offset);
}

function readScalar(scalar: Scalar.Parsed, reading: Reading): LocatedNode {
  const { value } = scalar as Scalar;
  const offset = scalar.range[0];
  if (typeof value === 'number' && !isExact(value)) {
    return refuse(reading, offset, 'a number that cannot be read exactly: write it in quotes');
  }
  return { offset, value, scalar, size: 1, height: 0 };
}

const isExact = (value: number): boolean =>
  Number.isInteger(value) ? Number.isSafeInteger(value) : Number.isFinite(value);

function readCollection(
  node: YAMLMap.Parsed | YAMLSeq.Parsed,
  depth: number,
  reading: Reading,
): LocatedNode {
  const offset = node.range[0];
  if (depth >= maxDepth) return refuse(reading, offset, tooDeep);
  const entries = isMap(node)
    ? readEntries(node, depth, reading)
    : new Map(
        node.items.map((item, i) => [i, { node: readNode(item, depth + 1, reading) }] as const),
      );
  const nodes = [...entries.values()].map((entry) => entry.node);
  return {
    offset,
    entries,
    value: isMap(node) ? toObject(entries) : nodes.map(({ value }) => value),
    size: nodes.reduce((sum, { size }) => sum + size, 1),
    height: nodes.reduce((highest, { height }) => Math.max(highest, height), 0) + 1,
  };
}

function toObject(entries: ReadonlyMap<string | number, LocatedEntry>): unknown {
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, { node }] of entries) object[key] = node.value;
  return object;
}

function readEntries(
  { items }: YAMLMap.Parsed,
  depth: number,
  reading: Reading,
): ReadonlyMap<string, LocatedEntry> {
  const entries = new Map<string, LocatedEntry>();
  for (const { key, value } of items) {
    const offset = key.range[0];
    const node = value === null ? unread(key.range[1]) : readNode(value, depth + 1, reading);
    const message = faultOfKey(key, entries);
    if (message !== undefined) reading.problems.push({ offset, message });
    else entries.set((key as Scalar<string>).value, { key: key as Scalar.Parsed, node });
  }
  return entries;
}

function faultOfKey(
  key: ParsedNode,
  entries: ReadonlyMap<string, LocatedEntry>,
): string | undefined {
  if (!isScalar(key)) return 'a key must be a string, and is a mapping, a list or an alias';
  const { value, source, type, tag, anchor } = key;
  if (tag !== undefined || anchor !== undefined) return 'a key has no tag and no anchor';
  if (typeof value !== 'string')
    return source === ''
      ? 'an empty key'
      : `the key ${quote(source)} is not a string: write it in quotes`;
  if (value === '<<' && type === 'PLAIN') {
    return 'merge keys (<<) are not part of YAML 1.2: an alias can stand for a whole value';
  }
  return entries.has(value) ? `the key ${quote(value)} is repeated in this mapping` : undefined;
}

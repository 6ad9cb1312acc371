import { orderProblems, type Position, type Problem } from './problem.ts';
import { readNodes, type LocatedEntry, type LocatedNode } from './read-nodes.ts';
import { sourceOffset } from './read-scalar-offset.ts';
import { parseSyntax } from './read-syntax.ts';
import { createLineTable, decodeText, type TextProblem } from './read-text.ts';

/** The keys of mappings and the indices of lists from the top of a document to a value. */
export type Path = readonly (string | number)[];

/** The key of an entry of a mapping, or its value. */
export type Part = 'key' | 'value';

/** Finds places in a file. */
export interface Locator {
  /** The place of a value, or of its key. If there is no such value, that of the nearest one around it. */
  readonly locate: (path: Path, part?: Part) => Position;
  /**
   * The place of a character of a string, or of a key. Expressions are such strings.
   *
   * @param offset - The offset in the parsed string, in UTF-16 code units.
   */
  readonly locateIn: (path: Path, offset: number, part?: Part) => Position;
}

/** A file of YAML, read. */
export interface YamlDocument extends Locator {
  /** Objects without prototype, arrays, strings, numbers, booleans and null. An alias is the same object as its anchor. */
  readonly value: unknown;
}

/** If there are problems, the document lacks what they are about; if nothing could be read, it is `undefined`. */
interface ReadResult {
  readonly document?: YamlDocument;
  /** In the order of the file, at most `maxProblems` and one that counts the others. */
  readonly problems: readonly Problem[];
}

/**
 * Reads a file of one document of YAML 1.2 with its core schema, in bounded time and memory. Never throws.
 *
 * @param file - The name of the file in problems.
 * @param content - Its bytes, or its text.
 */
export function readDocument(file: string, content: string | Uint8Array): ReadResult {
  const { text, problems: faults } = decodeText(content);
  const positionOf = createLineTable(text);
  const report = (problems: readonly TextProblem[]): readonly Problem[] =>
    orderProblems(
      problems.map(({ offset, message }) => ({ file, ...positionOf(offset), message })),
    );
  if (faults.length > 0) return { problems: report(faults) };
  const { root, problems: errors } = parseSyntax(text);
  if (root === undefined) return { problems: report(errors) };
  const { node, problems } = readNodes(root);
  const locator = createLocator(node, { text, positionOf });
  return { document: { value: node.value, ...locator }, problems: report(problems) };
}

interface Source {
  readonly text: string;
  readonly positionOf: (offset: number) => Position;
}

function createLocator(root: LocatedNode, { text, positionOf }: Source): Locator {
  const find = (path: Path): { readonly entry: LocatedEntry; readonly exists: boolean } => {
    let entry: LocatedEntry = { node: root };
    for (const step of path) {
      const { entries } = entry.node;
      // The key of a mapping may be digits.
      const next = entries?.get(step) ?? entries?.get(String(step));
      if (next === undefined) return { entry, exists: false };
      entry = next;
    }
    return { entry, exists: true };
  };
  const offsetOf = ({ key, node }: LocatedEntry, part: Part): number =>
    part === 'key' && key !== undefined ? key.range[0] : node.offset;
  return {
    locate: (path, part = 'value') => {
      const { entry, exists } = find(path);
      // A missing key is reported at the key of the mapping that lacks it.
      return positionOf(offsetOf(entry, exists ? part : 'key'));
    },
    locateIn: (path, offset, part = 'value') => {
      const { entry, exists } = find(path);
      const scalar = part === 'key' ? entry.key : entry.node.scalar;
      return exists && scalar !== undefined
        ? positionOf(sourceOffset(text, scalar, offset))
        : positionOf(offsetOf(entry, part));
    },
  };
}

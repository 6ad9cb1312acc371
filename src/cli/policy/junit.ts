import { writeFile } from 'node:fs/promises';
import { withFileErrors } from '../file-error.ts';

/** A case of a report. It failed if it has problems. */
export interface JUnitCase {
  /** The file that the case is about. */
  readonly file: string;
  readonly line?: number;
  readonly name: string;
  readonly problems: readonly string[];
}

/** Writes a report of JUnit, with a suite for each file. Throws `CommandError`. */
export function writeJUnit(path: string, name: string, cases: readonly JUnitCase[]): Promise<void> {
  return withFileErrors(path, 'written', () => writeFile(path, formatJUnit(name, cases)));
}

/** Formats a report of JUnit: https://github.com/testmoapp/junitxml */
export function formatJUnit(name: string, cases: readonly JUnitCase[]): string {
  const files = [...new Set(cases.map(({ file }) => file))];
  const suites = files.map((file) => {
    const own = cases.filter((each) => each.file === file);
    return element('testsuite', { name: file, ...countsOf(own) }, own.map(formatCase));
  });
  const report = element('testsuites', { name, ...countsOf(cases) }, suites);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${report}\n`;
}

function countsOf(cases: readonly JUnitCase[]) {
  const failures = cases.filter(({ problems }) => problems.length > 0).length;
  return { tests: cases.length, failures };
}

function formatCase({ file, line, name, problems }: JUnitCase): string {
  const attributes = { name, classname: file, file, ...(line !== undefined && { line }) };
  return element(
    'testcase',
    attributes,
    problems.map((message) => element('failure', { message }, [])),
  );
}

function element(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  children: readonly string[],
): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escape(value)}"`);
  const start = `<${name}${written.join('')}`;
  if (children.length === 0) return `${start}/>`;
  const inside = children.map((child) => child.replace(/^/gm, '  ')).join('\n');
  return `${start}>\n${inside}\n</${name}>`;
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\t': '&#9;',
  '\n': '&#10;',
  '\r': '&#13;',
};

/** XML 1.0 has no other control characters, lone surrogates or noncharacters, not even as references. */
function escape(value: string | number): string {
  return String(value)
    .replace(/[^\P{Cc}\t\n\r]|[\p{Cs}\uFFFE\uFFFF]/gu, '\uFFFD')
    .replace(/[&<>"\t\n\r]/g, (character: string) => entities[character] ?? character);
}

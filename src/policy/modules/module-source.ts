import type { ModuleProblem } from './problem.ts';

/** An import of a module, in the code that jiti made of it. */
export interface ModuleImport {
  readonly specifier: string;
  /** The names that the module uses of it, if they are imported by name. */
  readonly names: readonly string[];
}

/**
 * The imports of a module that jiti 2.7.0 transformed: `import { a } from 'b'` is `var _b = await jitiImport("b")`, and `_b.a` where it
 * is used. An import with a computed specifier is not found.
 */
export function importsOf(source: string, code: string): readonly ModuleImport[] {
  const call =
    /(?:var ([\w$]+) = [\w() ]*)?\b(?:jitiImport|require)\((["'])((?:(?!\2)[^\\\n])+)\2\)/g;
  return [...code.matchAll(call)].map(([, variable, , specifier = '']) => ({
    specifier,
    // The variable of `import * as b` is that of the source, which may also occur in a text.
    names: variable === undefined || source.includes(variable) ? [] : namesOf(code, variable),
  }));
}

/** The names after the variable and a dot. */
function namesOf(code: string, variable: string): readonly string[] {
  const uses = code.matchAll(new RegExp(`(?<![\\w$.])${variable}\\.([\\w$]+)`, 'g'));
  return [...new Set([...uses].map(([, name = '']) => name))].filter((name) => name !== 'default');
}

interface SyntaxErrorOfJiti {
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** The syntax error of a module, which jiti 2.7.0 returns as code that sets `__JITI_ERROR__`. */
export function syntaxErrorOf(code: string): Omit<ModuleProblem, 'file'> | undefined {
  const [, json] = /^exports\.__JITI_ERROR__ = (\{.*\})$/.exec(code.trim()) ?? [];
  if (json === undefined) return undefined;
  const { line, column, message } = JSON.parse(json) as SyntaxErrorOfJiti;
  // Babel counts columns from 0, and has line 0 for an error without a place.
  const place = line > 0 ? { line, column: column + 1 } : {};
  return { ...place, message: message.trim() };
}

/** The line of the first occurrence of a word or a text in a source, from 1. */
export function lineOf(source: string, text: string): number | undefined {
  const word = text.replace(/[^\w]/g, '\\$&');
  const at = source.search(new RegExp(`(?<![\\w$])${word}(?![\\w$])`));
  return at === -1 ? undefined : source.slice(0, at).split('\n').length;
}

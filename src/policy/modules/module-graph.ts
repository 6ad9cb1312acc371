import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type { createJiti, ModuleCache } from 'jiti';
import { moduleFile, readModule, resolveImport, type ModuleFile } from './module-file.ts';
import { importsOf, lineOf, syntaxErrorOf, type ModuleImport } from './module-source.ts';
import { UnloadableModule } from './problem.ts';

export interface LoadedModule {
  readonly source: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

export interface ModuleGraph {
  /** Evaluates a module and all that it imports, each of them once. Throws `UnloadableModule`. */
  load(path: string): Promise<LoadedModule>;
  /** The files that were read, as they were named: those of `load`, and files that they import by path. */
  files(): readonly string[];
}

/**
 * Loads modules with jiti, which by itself does not read every file again: it leaves `.mjs` and some `.js` files to Node.js, which never
 * reads a file twice. So each file is evaluated before those that import it, which then find it in the cache of this graph.
 *
 * @param virtual the exports of packages that modules import from this process
 */
export function createModuleGraph(
  virtual: Readonly<Record<string, object>>,
  create: typeof createJiti,
): ModuleGraph {
  const options = { fsCache: false, moduleCache: false, virtualModules: { ...virtual } };
  const compiler = create(import.meta.url, options);
  const codes = new Map<string, string>();
  const evaluator = create(import.meta.url, {
    ...options,
    transform: (source) => ({
      code: codes.get(source.filename ?? '') ?? compiler.transform(source),
    }),
  });
  const cache: ModuleCache = {};
  const givenOf = new Map<string, string>();
  const sources = new Map<string, string>();
  const results = new Map<string, Promise<void>>();
  const active = new Set<string>();

  const visit = async (file: ModuleFile): Promise<void> => {
    // Modules that import each other in a circle see what is there so far, as in Node.js.
    if (active.has(file.real)) return;
    active.add(file.real);
    const result = results.get(file.real) ?? evaluate(file);
    results.set(file.real, result);
    try {
      await result;
    } finally {
      active.delete(file.real);
    }
  };

  const evaluate = async (file: ModuleFile): Promise<void> => {
    const { given, real } = file;
    givenOf.set(real, given);
    const source = readModule(file);
    sources.set(real, source);
    const ext = extname(real);
    if (ext === '.json') {
      // eslint-disable-next-line @typescript-eslint/no-dynamic-delete -- Node.js has no other way to read it again
      delete createRequire(real).cache[real];
      return;
    }
    const ts = /^\.[cm]?ts$/.test(ext);
    const code = compiler.transform({ source, filename: real, ts, async: true });
    const syntaxError = syntaxErrorOf(code);
    if (syntaxError) throw new UnloadableModule({ file: given, ...syntaxError });
    for (const each of importsOf(source, code)) await visitImport(each, file, source);
    codes.set(real, code);
    try {
      const how = { async: true, forceTranspile: true };
      await evaluator.evalModule(source, { filename: real, ext, cache, ...how });
    } catch (error) {
      throw new UnloadableModule({ file: given, ...describe(error, givenOf) });
    }
  };

  const visitImport = async (
    { specifier, names }: ModuleImport,
    from: ModuleFile,
    source: string,
  ): Promise<void> => {
    const at = (text: string, message: string) =>
      new UnloadableModule({ file: from.given, line: lineOf(source, text), message });
    const imported = specifier in virtual ? 'package' : resolveImport(specifier, from, compiler);
    if (imported === undefined) {
      throw at(specifier, `imports ${specifier}, which does not exist`);
    }
    if (imported !== 'package') await visit(imported);
    const exported = imported === 'package' ? virtual[specifier] : exportsOf(imported);
    if (exported === undefined) return;
    const missing = names.find((name) => !(name in exported));
    if (missing === undefined) return;
    const known = Object.keys(exported).join(', ') || 'nothing';
    throw at(missing, `${specifier} does not export ${missing}; it exports ${known}`);
  };

  /** `undefined` while it is being evaluated. */
  const exportsOf = ({ real }: ModuleFile): object | undefined => {
    const loaded = cache[real];
    return loaded?.loaded === true ? (loaded.exports as object) : undefined;
  };

  return {
    load: async (path) => {
      const file = moduleFile(path);
      await visit(file);
      const exports = cache[file.real]?.exports as LoadedModule['exports'];
      return { source: sources.get(file.real) ?? '', exports };
    },
    files: () => [...givenOf.values()],
  };
}

/** What a module threw, and the line. Its columns are those of the transformed code. */
function describe(error: unknown, givenOf: ReadonlyMap<string, string>) {
  if (!(error instanceof Error)) return { message: 'threw something that is not an Error' };
  const [message = ''] = error.message.split('\n');
  const frames = (error.stack ?? '').matchAll(/^ +at .*?(\/[^:]+):(\d+):\d+/gm);
  for (const [, path = '', line] of frames) {
    const file = givenOf.get(path);
    if (file !== undefined) return { file, line: Number(line), message };
  }
  return { message };
}

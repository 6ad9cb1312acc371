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
  /** Evaluates a module and all that it imports, each of them once, also if several are loaded at the same time. Throws `UnloadableModule`. */
  load(path: string): Promise<LoadedModule>;
  /** The files that were read, as they were named and in the order of these names: those of `load`, and files that they import by path. */
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
  const waits = createWaits();

  const visit = (file: ModuleFile): Promise<void> => {
    // Later, when the file is among the results: it may import itself.
    const result = results.get(file.real) ?? Promise.resolve(file).then(evaluate);
    results.set(file.real, result);
    return result;
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
    // A module in a circular import gets the exports that exist so far, as in Node.js.
    if (imported !== 'package' && !waits.wouldBeCircle(from.real, imported.real)) {
      await waits.during([from.real, imported.real], () => visit(imported));
    }
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
    // Modules are evaluated at the same time: the order in which they are read is not always the same.
    files: () => [...givenOf.values()].sort(),
  };
}

interface Waits {
  /** Whether the imported file waits for the importing one, directly or not. Then neither would ever be evaluated. */
  readonly wouldBeCircle: (from: string, imported: string) => boolean;
  readonly during: (
    wait: readonly [from: string, imported: string],
    run: () => Promise<void>,
  ) => Promise<void>;
}

/** Which files wait for which of their imports. */
function createWaits(): Waits {
  const waits = new Map<string, string>();
  return {
    wouldBeCircle: (from, imported) => {
      let file: string | undefined = imported;
      while (file !== undefined && file !== from) file = waits.get(file);
      return file === from;
    },
    during: async ([from, imported], run) => {
      waits.set(from, imported);
      try {
        await run();
      } finally {
        waits.delete(from);
      }
    },
  };
}

/** The error that a module threw, with its line. The columns of the error are those of the transformed code. */
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

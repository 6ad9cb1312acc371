import type { ChannelType } from '../channel-type.ts';
import type { FactKind } from '../fact-kind.ts';
import type { SourcePolicy } from '../policy.ts';
import { definedChannel } from './define-channel.ts';
import { definedFact } from './define-fact.ts';
import { isDefinedSource, type DefinedSource } from './define-source.ts';
import * as api from './index.ts';
import { createModuleGraph, type LoadedModule } from './module-graph.ts';
import { lineOf } from './module-source.ts';
import { ModuleError, UnloadableModule, type ModuleProblem } from './problem.ts';

/** What the modules of a policy declare. */
export interface LoadedModules {
  readonly channels: readonly ChannelType[];
  readonly sources: readonly SourcePolicy[];
  readonly factKinds: readonly FactKind[];
  /** The file of each kind. */
  readonly fileOf: (kind: FactKind) => string;
  /** The modules, and the files that they import by path: if one changes, the policy changes. */
  readonly files: readonly string[];
}

/** Whether a file of a policy is a module, by its name. */
export function isModule(file: string): boolean {
  return /(?<!\.d)\.(?:m?ts|m?js)$/.test(file);
}

/**
 * Loads the modules of a policy: TypeScript or JavaScript. Every call reads all files again. A module runs in this process with all its
 * permissions. Its types are not checked.
 *
 * Throws `ModuleError` if one cannot be loaded, exports something else than `defineChannel`, `defineFact` and `defineSource` return, or exports nothing.
 */
export async function loadModules(paths: readonly string[]): Promise<LoadedModules> {
  if (paths.length === 0)
    return { channels: [], sources: [], factKinds: [], fileOf: () => '', files: [] };
  // jiti and Babel take memory that a policy without modules does not need.
  const { createJiti } = await import('jiti');
  const graph = createModuleGraph({ 'usher/policy': api }, createJiti);
  const problems = new Set<ModuleProblem>();
  const declared: Declarations = {
    channels: new Map(),
    sources: new Map(),
    factKinds: new Map(),
  };
  for (const path of paths) {
    try {
      readExports(path, await graph.load(path), declared);
    } catch (error) {
      if (!(error instanceof UnloadableModule)) throw error;
      problems.add(error.problem);
    }
  }
  const { channels, sources, factKinds } = declared;
  if (problems.size === 0) {
    checkNames(declared, problems);
    checkKinds(declared, problems);
  }
  if (problems.size > 0) throw new ModuleError([...problems], graph.files());
  return {
    channels: [...channels.keys()],
    sources: [...sources].map(([{ name, url, token }, { file, line }]) => ({
      ...{ name, url, token },
      place: line === undefined ? file : `${file}:${line}`,
    })),
    factKinds: [...factKinds.keys()],
    fileOf: (kind) => factKinds.get(kind) ?? '',
    files: graph.files(),
  };
}

interface Declarations {
  /** With the file and the kinds of facts of each. */
  readonly channels: Map<
    ChannelType,
    { readonly file: string; readonly kinds: readonly FactKind[] }
  >;
  readonly sources: Map<DefinedSource, Pick<ModuleProblem, 'file' | 'line'>>;
  /** With the file of each. */
  readonly factKinds: Map<FactKind, string>;
}

function readExports(
  file: string,
  { source, exports }: LoadedModule,
  { channels, sources, factKinds }: Declarations,
): void {
  const entries = Object.entries(exports);
  if (entries.length === 0) {
    throw new UnloadableModule({
      file,
      message: 'exports no defineChannel(…), no defineFact(…) and no defineSource(…)',
    });
  }
  for (const [name, value] of entries) {
    const [channel, kind] = [definedChannel(value), definedFact(value)];
    if (channel) channels.set(channel.channelType, { file, kinds: channel.kinds });
    else if (kind) factKinds.set(kind, file);
    else if (isDefinedSource(value)) {
      sources.set(value, { file, line: lineOf(source, name) });
    } else {
      const message = `exports ${name}, which is not the result of defineChannel, defineFact or defineSource; helpers belong in a folder of their own`;
      throw new UnloadableModule({ file, line: lineOf(source, name), message });
    }
  }
}

/** A pattern and a kind of fact may be declared once: another declaration would replace the first one. */
function checkNames(
  { channels, sources, factKinds }: Declarations,
  problems: Set<ModuleProblem>,
): void {
  const named = [
    ...[...channels].map(([{ pattern }, { file }]) => ({
      what: 'channel',
      name: pattern.text,
      file,
    })),
    ...[...sources].map(([{ name }, { file }]) => ({ what: 'source', name, file })),
    ...[...factKinds].map(([{ name }, file]) => ({ what: 'fact', name, file })),
  ];
  const declared = new Map<string, string>();
  for (const { what, name, file } of named) {
    const first = declared.get(`${what} ${name}`);
    declared.set(`${what} ${name}`, file);
    if (first === undefined) continue;
    problems.add({ file, message: `the ${what} ${name} is declared in ${first} as well` });
  }
}

/** Facts of a kind that is not exported could not be stored. */
function checkKinds({ channels, factKinds }: Declarations, problems: Set<ModuleProblem>): void {
  for (const [{ pattern }, { file, kinds }] of channels) {
    const unknown = kinds.find((kind) => !factKinds.has(kind));
    if (unknown === undefined) continue;
    const message = `${pattern.text} reads facts of the kind ${unknown.name}, which no module of the policy exports`;
    problems.add({ file, message });
  }
}

import type { ChannelType } from '../channel-type.ts';
import type { FactKind } from '../fact-kind.ts';
import type { SourcePolicy } from '../policy.ts';
import { shapeOfPath } from '../yaml/raw.ts';
import { systemClock } from '../../runtime/clock.ts';
import type { StartTimer } from '../../runtime/timer.ts';
import { definedChannel } from './define-channel.ts';
import { definedFact } from './define-fact.ts';
import { isDefinedSource, type DefinedSource } from './define-source.ts';
import * as api from './index.ts';
import { createModuleGraph, type LoadedModule, type ModuleGraph } from './module-graph.ts';
import { lineOf } from './module-source.ts';
import { ModuleError, UnloadableModule, type ModuleProblem } from './problem.ts';

/** The declarations of the modules of a policy. */
export interface LoadedModules {
  readonly channels: readonly ChannelType[];
  readonly sources: readonly SourcePolicy[];
  readonly factKinds: readonly FactKind[];
  /** The file of each kind. */
  readonly fileOf: (kind: FactKind) => string;
  /** The file and the line of the channel with this pattern, as `FILE:LINE`; `undefined` if no module declares it. */
  readonly placeOf: (pattern: string) => string | undefined;
  /** The modules, and the files that they import by path: if one changes, the policy changes. */
  readonly files: readonly string[];
}

/** The maximum time in which no module is loaded. */
export const maxLoadMs = 10_000;

/**
 * Loads the modules of a policy: TypeScript or JavaScript. Every call reads all files again. A module runs in this process with all its
 * permissions. Its types are not checked.
 *
 * Throws `ModuleError` if one cannot be loaded, exports something else than `defineChannel`, `defineFact` and `defineSource` return, or exports nothing.
 */
export async function loadModules(
  paths: readonly string[],
  startTimer: StartTimer = systemClock.startTimer,
): Promise<LoadedModules> {
  if (paths.length === 0)
    return {
      channels: [],
      sources: [],
      factKinds: [],
      files: [],
      fileOf: () => '',
      placeOf: () => undefined,
    };
  // jiti and Babel take memory that a policy without modules does not need.
  const { createJiti } = await import('jiti');
  const graph = createModuleGraph({ 'usher/policy': api }, createJiti);
  const problems = new Set<ModuleProblem>();
  const declared: Declarations = {
    channels: new Map(),
    sources: new Map(),
    factKinds: new Map(),
  };
  const loaded = await loadInTime(paths, graph, startTimer);
  for (const path of paths) {
    try {
      readExports(path, loaded.get(path) ?? waitsWithoutEnd(path), declared);
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
    sources: [...sources].map(([{ name, url, token }, place]) => ({
      name,
      url,
      token,
      place: placeText(place),
    })),
    factKinds: [...factKinds.keys()],
    fileOf: (kind) => factKinds.get(kind) ?? '',
    placeOf: (text) => {
      const found = [...channels].find(([{ pattern }]) => pattern.text === text);
      return found && placeText(found[1]);
    },
    files: graph.files(),
  };
}

type ModulePlace = Pick<ModuleProblem, 'file' | 'line'>;

const placeText = ({ file, line }: ModulePlace): string =>
  line === undefined ? file : `${file}:${line}`;

/**
 * Loads modules at the same time, until each is loaded or cannot be. A top-level `await` without end would prevent every later reload,
 * and let `usher policy check` exit with 0: the result lacks the modules that still wait when none has been loaded for `maxLoadMs`.
 */
async function loadInTime(
  paths: readonly string[],
  graph: ModuleGraph,
  startTimer: StartTimer,
): Promise<ReadonlyMap<string, LoadedModule | UnloadableModule>> {
  const results = new Map<string, LoadedModule | UnloadableModule>();
  await new Promise<void>((resolve, reject) => {
    let stop = startTimer(maxLoadMs, resolve);
    const load = async (path: string) => {
      results.set(path, await graph.load(path).catch(unloadable));
      stop();
      if (results.size === paths.length) resolve();
      else stop = startTimer(maxLoadMs, resolve);
    };
    for (const path of paths) load(path).catch(reject);
  });
  return results;
}

function unloadable(error: unknown): UnloadableModule {
  if (error instanceof UnloadableModule) return error;
  throw error;
}

function waitsWithoutEnd(file: string): UnloadableModule {
  const message = `is not loaded after ${maxLoadMs / 1000} s: an \`await\` outside of functions does not end`;
  return new UnloadableModule({ file, message });
}

interface Declarations {
  /** With the place and the kinds of facts of each. */
  readonly channels: Map<ChannelType, ModulePlace & { readonly kinds: readonly FactKind[] }>;
  readonly sources: Map<DefinedSource, ModulePlace>;
  /** With the file of each. */
  readonly factKinds: Map<FactKind, string>;
}

function readExports(
  file: string,
  module: LoadedModule | UnloadableModule,
  { channels, sources, factKinds }: Declarations,
): void {
  if (module instanceof UnloadableModule) throw module;
  const { source, exports } = module;
  const entries = Object.entries(exports);
  if (entries.length === 0) {
    throw new UnloadableModule({
      file,
      message: 'exports no defineChannel(…), no defineFact(…) and no defineSource(…)',
    });
  }
  for (const [name, value] of entries) {
    const [channel, kind] = [definedChannel(value), definedFact(value)];
    if (channel) {
      const line = lineOf(source, name);
      channels.set(channel.channelType, { file, line, kinds: channel.kinds });
    } else if (kind) factKinds.set(kind, file);
    else if (isDefinedSource(value)) {
      sources.set(value, { file, line: lineOf(source, name) });
    } else {
      const message = `exports ${name}, which is not the result of defineChannel, defineFact or defineSource; helpers belong in a folder of their own`;
      throw new UnloadableModule({ file, line: lineOf(source, name), message });
    }
  }
}

/**
 * A pattern, a kind of fact and its path may be declared once: another declaration would replace the first one, and a fact would be
 * stored as one of the other kind.
 */
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
    ...[...factKinds].flatMap(([{ path }, file]) =>
      path === undefined ? [] : { what: 'path', name: shapeOfPath(path), file },
    ),
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

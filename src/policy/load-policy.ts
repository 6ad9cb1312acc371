import { createChannelRegistry, type ChannelRegistry } from './channel-registry.ts';
import { AmbiguousPatterns, TooManyOverlaps } from './pattern-automaton.ts';
import { loadAnswerStyles } from './answer-styles.ts';
import { loadDefaultIssuers } from './default-issuers.ts';
import { PolicyError } from './policy-error.ts';
import {
  hashFiles,
  readImported,
  readPolicyFiles,
  roleOf,
  type PolicyFileContent,
} from './policy-files.ts';
import type { Policy, PolicyTest } from './policy.ts';
import { loadModules, type LoadedModules } from './modules/load-modules.ts';
import { formatModuleProblem, ModuleError } from './modules/problem.ts';
import { buildPolicy, type PolicyFile, type PolicyParts } from './yaml/build-policy.ts';
import { buildTest } from './yaml/build-test.ts';
import { formatProblem, type Problem } from './yaml/problem.ts';
import { readPolicyFile } from './yaml/read-policy.ts';
import { hint } from './yaml/schema-error.ts';
import { readPolicyTestFile } from './yaml/read-policy-test.ts';

/** The files of a policy as they are now. */
export interface ReadPolicy {
  /** Of all files, with those that modules imported at the last build. */
  readonly hash: string;
  /** Throws `PolicyError` with all problems. */
  readonly build: () => Promise<Policy>;
}

/**
 * Reads the files of these sources; see `readPolicyFiles`. `imported` are the files that modules imported at the last build.
 * Throws `PolicyError`.
 */
export async function readPolicy(
  sources: readonly string[],
  imported: readonly string[] = [],
): Promise<ReadPolicy> {
  const files = await readPolicyFiles(sources);
  const hash = hashFiles([...files, ...(await readImported(imported))]);
  return { hash, build: () => buildFrom(files) };
}

/** Loads the policy of these sources. Throws `PolicyError` with all problems. */
export async function loadPolicy(sources: readonly string[]): Promise<Policy> {
  return (await readPolicy(sources)).build();
}

/** A YAML file of a policy, which need not be stored. */
export interface PolicyText {
  readonly name: string;
  readonly content: string;
}

/** Builds a policy of YAML files. A module would run in this process, so it is refused. Throws `PolicyError` with all problems. */
export async function buildPolicyOf(texts: readonly PolicyText[]): Promise<Policy> {
  const files = texts.map(({ name, content }): PolicyFileContent => {
    return { file: name, path: name, role: yamlRole(name), content: Buffer.from(content) };
  });
  if (!files.some(({ role }) => role === 'policy')) {
    throw new PolicyError(['there is no policy: a file whose name ends in .yaml']);
  }
  return buildFrom(files);
}

function yamlRole(name: string): 'policy' | 'test' {
  const role = roleOf(name);
  if (role === 'policy' || role === 'test') return role;
  throw new PolicyError([`${name}: the name must end in .yaml or .yml`]);
}

async function buildFrom(files: readonly PolicyFileContent[]): Promise<Policy> {
  const of = (role: PolicyFileContent['role']) => files.filter((each) => each.role === role);
  const styles = await loadAnswerStyles();
  const modules = await readModules(of('module'));
  const read = of('policy').map(readYaml);
  const unread = read.flatMap(({ problems }) => problems);
  const policyFiles = read.flatMap(({ policyFile }) => policyFile ?? []);
  const { parts, problems } = buildPolicy(policyFiles, {
    ...{ modules, styles },
    defaults: await loadDefaultIssuers(),
  });
  const tests = of('test').map((file) => readTest(file, parts));
  refuse([
    ...[...unread, ...problems, ...tests.flatMap((test) => test.problems)].map(formatProblem),
    ...unknownSources(modules, parts),
  ]);
  return {
    ...parts,
    hash: hashFiles([...files, ...(await readImported(modules.files))]),
    files: files.map(({ file }) => file),
    imported: modules.files,
    channels: buildRegistry(parts, policyFiles),
    tests: tests.flatMap(({ test }) => test ?? []),
  };
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new PolicyError(problems);
}

/** A module may name a source of another file, so its sources are checked when all files are read. */
function unknownSources(modules: LoadedModules, { sources }: PolicyParts): readonly string[] {
  return sourcesOfModules(modules).flatMap(([use, source]) => {
    if (sources.has(source)) return [];
    return [`${use}: ${source} is not a source; ${hint(source, [...sources.keys()])}`];
  });
}

/** The names of the sources that modules use, each with what uses it. */
function sourcesOfModules({
  factKinds,
  channels,
  fileOf,
}: LoadedModules): readonly (readonly [use: string, source: string])[] {
  const facts = factKinds.flatMap((kind) => {
    const { from } = kind;
    if (from === undefined) return [];
    const source = from.type === 'sql' ? from.query.source : from.source;
    return [[`${fileOf(kind)}: the fact ${kind.name}`, source] as const];
  });
  const asked = channels.flatMap(({ pattern, ask, rules }) =>
    [
      ...(ask === undefined ? [] : [ask.source]),
      ...[...rules.values()].flatMap(({ sqlLists = [] }) =>
        sqlLists.map((list) => list.query.source),
      ),
    ].map((source) => [`the channel ${pattern.text}`, source] as const),
  );
  return [...facts, ...asked];
}

async function readModules(files: readonly PolicyFileContent[]): Promise<LoadedModules> {
  try {
    return await loadModules(files.map(({ path }) => path));
  } catch (error) {
    if (!(error instanceof ModuleError)) throw error;
    throw new PolicyError(error.problems.map(formatModuleProblem), error.files);
  }
}

function readYaml({ file, content }: PolicyFileContent): {
  readonly problems: readonly Problem[];
  readonly policyFile?: PolicyFile;
} {
  const read = readPolicyFile(file, content);
  return 'problems' in read ? read : { problems: [], policyFile: read };
}

function readTest(
  { file, content }: PolicyFileContent,
  parts: PolicyParts,
): { readonly problems: readonly Problem[]; readonly test?: PolicyTest } {
  const read = readPolicyTestFile(file, content);
  return 'problems' in read ? read : buildTest(read, parts);
}

/** Proves that no name can match two patterns. */
function buildRegistry({ channels }: PolicyParts, files: readonly PolicyFile[]): ChannelRegistry {
  try {
    return createChannelRegistry(channels);
  } catch (error) {
    if (error instanceof TooManyOverlaps) throw new PolicyError([error.message]);
    if (!(error instanceof AmbiguousPatterns)) throw error;
    throw new PolicyError([placeOf(error.patterns[1], files) + error.message]);
  }
}

function placeOf(pattern: string, files: readonly PolicyFile[]): string {
  for (const { file, document, locate } of files) {
    const declared = document.channels.find((each) => each.pattern === pattern);
    if (declared === undefined) continue;
    const { line, column } = locate(declared.at, 'key');
    return `${file}:${line}:${column}: `;
  }
  return '';
}

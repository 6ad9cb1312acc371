import { createChannelRegistry, type ChannelRegistry } from './channel-registry.ts';
import { AmbiguousPatterns, TooManyOverlaps } from './pattern-automaton.ts';
import { loadAnswerStyles, loadDefaultIssuers } from './shipped-parts.ts';
import { PolicyError } from './policy-error.ts';
import {
  hashFiles,
  isShipped,
  readImported,
  readPolicyFiles,
  roleOf,
  type PolicyFileContent,
} from './policy-files.ts';
import type { Policy, PolicyTest } from './policy.ts';
import { ruleName } from './principal.ts';
import { loadModules, type LoadedModules } from './modules/load-modules.ts';
import { formatModuleProblem, ModuleError } from './modules/problem.ts';
import { buildPolicyParts, type PolicyFile, type PolicyParts } from './yaml/build-policy.ts';
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
 * Reads the files of these sources for the service; see `readPolicyFiles`. `imported` are the files that modules imported at the last
 * build. Throws `PolicyError`.
 */
export async function readPolicy(
  sources: readonly string[],
  imported: readonly string[] = [],
): Promise<ReadPolicy> {
  const files = await readPolicyFiles(sources);
  const hash = hashFiles([...files, ...(await readImported(imported))]);
  // The tests of shipped policies have run in the build of Usher, and took a quarter of the processor time of a start. Beside files
  // of the operator they run, because those can change what a shipped policy decides.
  return { hash, build: () => buildFrom(files, { hasTests: !files.every(isShipped) }) };
}

/** Loads the policy of these sources with all tests. Throws `PolicyError` with all problems. */
export async function loadPolicy(sources: readonly string[]): Promise<Policy> {
  return buildFrom(await readPolicyFiles(sources));
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

async function buildFrom(
  files: readonly PolicyFileContent[],
  { hasTests } = { hasTests: true },
): Promise<Policy> {
  const of = (role: PolicyFileContent['role']) => files.filter((each) => each.role === role);
  const styles = await loadAnswerStyles();
  const modules = await readModules(of('module'));
  const read = of('policy').map(readYaml);
  const unread = read.flatMap(({ problems }) => problems);
  const readTests = hasTests ? of('test').map(readTest) : [];
  // The names of a file that cannot be read would be unknown in the other files.
  if (unread.length > 0) {
    const inTests = readTests.flatMap((test) => ('problems' in test ? test.problems : []));
    refuse([...unread, ...inTests].map(formatProblem));
  }
  const policyFiles = read.flatMap(({ policyFile }) => policyFile ?? []);
  const { parts, problems } = buildPolicyParts(policyFiles, {
    modules,
    styles,
    defaults: await loadDefaultIssuers(),
  });
  const tests = readTests.map((test) => buildReadTest(test, parts));
  refuse([
    ...[...problems, ...tests.flatMap((test) => test.problems)].map(formatProblem),
    ...unknownSources(modules, parts),
    ...unknownKinds(modules, parts),
  ]);
  const channels = buildRegistry(
    parts,
    (pattern) => placeOf(pattern, policyFiles) ?? modules.placeOf(pattern),
  );
  refuse(unknownSubscriptions(parts.demo, channels));
  return {
    ...parts,
    channels,
    hash: hashFiles([...files, ...(await readImported(modules.files))]),
    files: files.map(({ file }) => file),
    imported: modules.files,
    tests: tests.flatMap(({ test }) => test ?? []),
  };
}

function refuse(problems: readonly string[]): void {
  if (problems.length > 0) throw new PolicyError(problems);
}

/** The demo would show a request that is refused. */
function unknownSubscriptions(
  { subscribe }: PolicyParts['demo'],
  channels: ChannelRegistry,
): readonly string[] {
  return subscribe.flatMap(({ channel, place: { file, line } }) =>
    channels.matchText(channel)
      ? []
      : `${file}:${line}: ${channel} of the demo is not a channel of the policy`,
  );
}

/** A module may name a source of another file, so its sources are checked when all files are read. */
function unknownSources(modules: LoadedModules, { sources }: PolicyParts): readonly string[] {
  return sourcesOfModules(modules).flatMap(([use, source]) => {
    if (sources.has(source)) return [];
    return [`${use}: ${source} is not a source; ${hint(source, [...sources.keys()])}`];
  });
}

/** The issuers of all files declare kinds of principals, so those that a module allows are checked when all files are read. */
function unknownKinds(
  { channels, placeOf: place }: LoadedModules,
  { principals }: PolicyParts,
): readonly string[] {
  return channels.flatMap(({ pattern, rules }) =>
    [...rules.keys()].flatMap((kind) => {
      if (principals.has(kind)) return [];
      const known = [...principals.keys()].map(ruleName);
      const problem = `${ruleName(kind)} is not a kind of principal; ${hint(ruleName(kind), known)}`;
      return [`${place(pattern.text) ?? ''}: the channel ${pattern.text}: ${problem}`];
    }),
  );
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

type ReadTest = ReturnType<typeof readPolicyTestFile>;

const readTest = ({ file, content }: PolicyFileContent): ReadTest =>
  readPolicyTestFile(file, content);

const buildReadTest = (
  read: ReadTest,
  parts: PolicyParts,
): { readonly problems: readonly Problem[]; readonly test?: PolicyTest } =>
  'problems' in read ? read : buildTest(read, parts);

/** Proves that no name can match two patterns. */
function buildRegistry(
  { channels }: PolicyParts,
  place: (pattern: string) => string | undefined,
): ChannelRegistry {
  try {
    return createChannelRegistry(channels);
  } catch (error) {
    if (error instanceof TooManyOverlaps) throw new PolicyError([error.message]);
    if (!(error instanceof AmbiguousPatterns)) throw error;
    const [first, second] = error.patterns.map(place);
    const problem = `${second ?? ''}: ${error.message}`;
    throw new PolicyError([`${problem}; ${error.patterns[0]} is at ${first ?? ''}`]);
  }
}

function placeOf(pattern: string, files: readonly PolicyFile[]): string | undefined {
  for (const { file, document, locate } of files) {
    const declared = document.channels.find((each) => each.pattern === pattern);
    if (declared === undefined) continue;
    const { line, column } = locate(declared.at, 'key');
    return `${file}:${line}:${column}`;
  }
  return undefined;
}

import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve, sep } from 'node:path';
import { packagePath } from '../runtime/package-path.ts';
import { PolicyError } from './policy-error.ts';

/** The policies that Usher ships. */
export const shippedDirectory = packagePath('policies');

/** A file of a policy. */
export interface PolicyFileContent {
  /** Its path in messages: as the operator gave it. */
  readonly file: string;
  readonly path: string;
  readonly role: 'policy' | 'test' | 'module';
  readonly content: Buffer;
}

/** Whether Usher ships this file. */
export const isShipped = ({ path }: PolicyFileContent): boolean =>
  path.startsWith(`${shippedDirectory}${sep}`);

/** The maximum number of files of a policy. */
const maxFiles = 1000;

/** The maximum size of a file in bytes. */
const maxBytes = 1024 * 1024;

/** How often the files are read until two reads in a row agree. */
const maxReads = 6;

/**
 * Reads all files of these sources: files, directories, and shipped policies as `builtin:NAME`. A shipped policy may follow
 * another one without the prefix. Throws `PolicyError` for a source that cannot be read, or that has no policy.
 *
 * The files are read until two reads in a row agree. Otherwise a replacement meanwhile, such as that of a ConfigMap, would give
 * some files of the old policy and some of the new one.
 */
export async function readPolicyFiles(
  sources: readonly string[],
): Promise<readonly PolicyFileContent[]> {
  let last: string | undefined;
  for (let reads = 0; reads < maxReads; reads += 1) {
    const { files, problems } = await readOnce(sources);
    const read = [hashFiles(files), ...problems].join();
    if (read === last) {
      if (problems.length > 0) throw new PolicyError(problems);
      return files;
    }
    last = read;
  }
  throw new PolicyError([`${sources.join(', ')}: the files change while they are read`]);
}

interface ReadOnce {
  readonly files: readonly PolicyFileContent[];
  readonly problems: readonly string[];
}

async function readOnce(sources: readonly string[]): Promise<ReadOnce> {
  const problems: string[] = [];
  const shipped = await listShipped();
  const files: PolicyFileContent[] = [];
  for (const source of withPrefixes(sources, shipped)) {
    try {
      files.push(...(await readSource(source, shipped)));
    } catch (error) {
      problems.push(`${source}: ${reasonOf(error)}`);
    }
  }
  if (problems.length === 0 && !files.some(({ role }) => role !== 'test')) {
    problems.push(`${sources.join(', ')}: there is no policy`);
  }
  if (files.length > maxFiles) problems.push(`there are more than ${maxFiles} files`);
  return { files: withoutDuplicates(files), problems };
}

/** A source may be a file of another source, a directory. If it were read twice, all its names would be declared twice. */
function withoutDuplicates(files: readonly PolicyFileContent[]): readonly PolicyFileContent[] {
  const named = new Map([...files].reverse().map((file) => [resolve(file.path), file]));
  return files.filter((file) => named.get(resolve(file.path)) === file);
}

/** Reads the files that modules import. A file that is gone counts as empty, so that the hash changes. */
export function readImported(
  paths: readonly string[],
): Promise<readonly Pick<PolicyFileContent, 'file' | 'content'>[]> {
  return Promise.all(
    paths.map(async (file) => ({
      file,
      content: await readFile(file).catch(() => Buffer.alloc(0)),
    })),
  );
}

/** The first 16 hexadecimal characters of a SHA-256 of names and contents. */
export function hashFiles(files: readonly Pick<PolicyFileContent, 'file' | 'content'>[]): string {
  const hash = createHash('sha256');
  for (const { file, content } of files) {
    hash.update(`${basename(file)}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

const prefix = 'builtin:';

/** `builtin:*` as all shipped policies, and `builtin:one`, `other` as two of them. A name with a slash or a dot is always a path. */
function withPrefixes(sources: readonly string[], shipped: readonly string[]): readonly string[] {
  let isAfterShipped = false;
  return sources.flatMap((source) => {
    isAfterShipped = source.startsWith(prefix) || (isAfterShipped && shipped.includes(source));
    if (source === `${prefix}*`) return shipped.map((name) => prefix + name);
    return isAfterShipped && !source.startsWith(prefix) ? prefix + source : source;
  });
}

async function readSource(
  source: string,
  shipped: readonly string[],
): Promise<readonly PolicyFileContent[]> {
  if (!source.startsWith(prefix)) return readPath(source, source);
  const name = source.slice(prefix.length);
  if (!shipped.includes(name)) {
    throw new PolicyError([`it is not a shipped policy; these are: ${shipped.join(', ')}`]);
  }
  return readPath(join(shippedDirectory, name), `policies/${name}`);
}

async function readPath(path: string, shown: string): Promise<readonly PolicyFileContent[]> {
  if (!(await stat(path)).isDirectory()) {
    const role = roleOf(path);
    if (role === undefined) {
      throw new PolicyError(['the name must end in .yaml, .yml, .ts, .mts, .js or .mjs']);
    }
    return [{ file: shown, path, role, content: await readBounded(path) }];
  }
  // A ConfigMap is a directory of symbolic links, beside hidden directories with the files.
  const names = (await readdir(path)).filter((name) => !name.startsWith('.')).sort();
  const files = names.flatMap((name) => {
    const role = roleOf(name);
    return role === undefined ? [] : [{ name, role }];
  });
  return Promise.all(
    files.map(async ({ name, role }) => {
      const content = await readNamed(path, name);
      return { file: join(shown, name), path: join(path, name), role, content };
    }),
  );
}

async function readBounded(path: string): Promise<Buffer> {
  const found = await stat(path);
  // A pipe would never end, and a device might have no end.
  if (!found.isFile()) throw new PolicyError([`${basename(path)} is not a file`]);
  if (found.size > maxBytes)
    throw new PolicyError([`${basename(path)} is larger than ${maxBytes} bytes`]);
  return readFile(path);
}

/** Reads a file of a directory. Throws `PolicyError` with its name. */
async function readNamed(directory: string, name: string): Promise<Buffer> {
  try {
    return await readBounded(join(directory, name));
  } catch (error) {
    if (error instanceof PolicyError) throw error;
    throw new PolicyError([`${name}: ${reasonOf(error)}`]);
  }
}

/** The type of a file of a policy, by its name. */
export function roleOf(name: string): PolicyFileContent['role'] | undefined {
  if (/\.test\.ya?ml$/.test(name)) return 'test';
  if (/\.ya?ml$/.test(name)) return 'policy';
  // Type declarations and tests of modules are not policies.
  return /\.m?[jt]s$/.test(name) && !/\.(?:d\.m?ts|test\.m?[jt]s)$/.test(name)
    ? 'module'
    : undefined;
}

/** The folders of shipped parts that every policy has: styles of answers, and issuers. */
const parts: readonly string[] = ['answers', 'issuers'];

/** The directories of shipped policies. */
async function listShipped(): Promise<readonly string[]> {
  const entries = await readdir(shippedDirectory, { withFileTypes: true });
  return entries
    .filter((entry) => entry.isDirectory() && !parts.includes(entry.name))
    .map(({ name }) => name)
    .sort();
}

function reasonOf(error: unknown): string {
  if (error instanceof PolicyError) return error.problems.join('; ');
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT') return 'it does not exist';
  if (code === 'EACCES') return 'it cannot be read: permission denied';
  return `it cannot be read: ${code ?? 'unknown error'}`;
}

import { execFile } from 'node:child_process';
import { chmod, chown, cp, mkdir, symlink, writeFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { lastOf, withBase, type Instruction, type Stage } from './dockerfile.ts';

const run = promisify(execFile);
const project = fileURLToPath(new URL('../../..', import.meta.url));

/** Options of a build without a container engine. */
export interface Building {
  readonly stages: readonly Stage[];
  /** The files that `.dockerignore` does not exclude from the build. */
  readonly isSent: (path: string) => boolean;
  /** An empty directory, to hold the root of each stage. */
  readonly home: string;
}

/**
 * Builds each stage in its own root directory, like a container engine, with this machine's `/usr` for the base image; resolves to the
 * root of the last. Throws with the output of a command that failed.
 */
export async function buildImage({ stages, isSent, home }: Building): Promise<string> {
  const rootOf = (stage: string) => join(home, stage);
  for (const { name, base, instructions } of stages) {
    const root = rootOf(name);
    const based = stages.find((each) => each.name === base);
    let workdir = '/';
    if (based === undefined) await makeBase(root);
    else {
      await run('cp', ['-a', rootOf(base), root]);
      workdir = lastOf(withBase(stages, based), 'WORKDIR');
    }
    for (const instruction of instructions) {
      if (instruction.name === 'WORKDIR') {
        workdir = instruction.rest;
        await mkdir(join(root, workdir), { recursive: true });
      } else if (instruction.name === 'COPY') {
        await copy(instruction, { root, workdir, rootOf, isSent });
      } else if (instruction.name === 'RUN') {
        await run(
          'unshare',
          ['--mount', 'sh', '-c', inRoot(root, workdir), 'sh', instruction.rest],
          { env: buildEnvironment },
        );
      }
    }
  }
  return rootOf(stages.at(-1)!.name);
}

/** Settings of the machine's network. Docker also passes its proxy on to a build. */
const network = [
  ...['NODE_EXTRA_CA_CERTS', 'HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY'],
  ...['http_proxy', 'https_proxy', 'no_proxy'],
];

/**
 * Nothing else of ours: `npm run` hands the settings of the project's `.npmrc` on to what it runs, and a build that takes
 * one of them from there fails in Docker.
 */
const buildEnvironment = Object.fromEntries(
  Object.entries({ ...process.env, HOME: '/root' }).filter(([name]) =>
    ['PATH', 'HOME', ...network].includes(name),
  ),
);

/** A shell script that runs its argument in this root, with the machine's programs and name lookup. */
function inRoot(root: string, workdir: string): string {
  return `set -eu
    for each in usr etc dev proc; do mount --rbind /$each ${root}/$each; done
    exec chroot ${root} sh -c 'cd ${workdir} && eval "$1"' sh "$1"`;
}

/** The parts of a base image that we need: programs, to be mounted, and the accounts root and node. */
async function makeBase(root: string): Promise<void> {
  for (const directory of ['usr', 'etc', 'dev', 'proc', 'tmp', 'root']) {
    await mkdir(join(root, directory), { recursive: true });
  }
  for (const link of ['bin', 'lib', 'lib64']) await symlink(`usr/${link}`, join(root, link));
  await chmod(join(root, 'tmp'), 0o1777);
  const accounts = ['root:x:0:0::/root:/bin/sh', 'node:x:1000:1000::/home/node:/bin/sh', ''];
  await writeFile(join(root, 'etc/passwd'), accounts.join('\n'));
  await writeFile(join(root, 'etc/hosts'), '127.0.0.1 localhost\n');
}

interface CopyTarget {
  readonly root: string;
  readonly workdir: string;
  readonly rootOf: (stage: string) => string;
  readonly isSent: (path: string) => boolean;
}

async function copy(
  { flags, rest }: Instruction,
  { root, workdir, rootOf, isSent }: CopyTarget,
): Promise<void> {
  const words = rest.split(' ');
  const target = words.pop()!;
  const at = join(root, resolve(workdir, target));
  const stage = flags['from'];
  for (const word of words) {
    if (stage === undefined && !isSent(word)) {
      throw new Error(`COPY ${word}: .dockerignore leaves it out`);
    }
    const from = stage === undefined ? join(project, word) : join(rootOf(stage), word);
    const to = target.endsWith('/') ? join(at, basename(word)) : at;
    await cp(from, to, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => stage !== undefined || isSent(path.slice(project.length)),
    });
    const [uid, gid] = (flags['chown'] ?? '').split(':').map(Number);
    if (uid !== undefined && gid !== undefined) await chown(to, uid, gid);
  }
}

/** Reads a `.dockerignore` of plain paths: the last matching line decides. */
export function readIgnored(dockerignore: string): (path: string) => boolean {
  const lines = dockerignore.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return (path) => {
    const stands = (line: string) => line === '*' || path === line || path.startsWith(`${line}/`);
    const last = lines.findLast((line) => stands(line.replace(/^!/, '')));
    return last?.startsWith('!') ?? true;
  };
}

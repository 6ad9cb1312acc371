import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { environmentOf, lastOf, type Stage } from './dockerfile.ts';

/** Whether containers can be made here: by root, on Linux, where namespaces are allowed. */
export const canContain =
  process.platform === 'linux' &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', ['--mount', '--pid', '--fork', 'mount', '--bind', '/', '/']).status === 0;

/** A built image, and the volume that its containers share. */
export interface Image {
  readonly stage: Stage;
  readonly root: string;
  readonly volume: string;
}

/** A running container. */
export interface Container {
  readonly output: () => string;
  /** Resolves when a line of the log has this message, to that line; rejects when the container ends without. */
  readonly until: (message: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Signals process 1; it ignores signals without a handler, except SIGKILL. */
  readonly signal: (signal: 'SIGTERM' | 'SIGKILL') => void;
  /** Runs a program beside process 1, like `docker exec`; resolves when it has ended. */
  readonly exec: (
    words: readonly string[],
    changes?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly code: number; readonly output: string }>;
  /** Resolves to the exit code when all its processes have exited. */
  readonly ended: Promise<number | null>;
}

/** A volume for a new container, owned as the image has it. */
export async function makeVolume(root: string, home: string): Promise<string> {
  const volume = join(home, 'volume');
  await mkdir(volume, { mode: 0o700 });
  await chown(volume, 1000, 1000);
  await mkdir(join(root, 'opt'), { recursive: true });
  return volume;
}

/** Everything is mounted read-only but `/data`; then what runs is process 1 of a namespace, with the image's user and directory. */
function inContainer(image: Image): string {
  const { stage, root, volume } = image;
  return `set -eu
    mount --bind ${root} ${root}
    mount --bind ${volume} ${root}${lastOf(stage, 'VOLUME')}
    mount --rbind /usr ${root}/usr; mount --rbind /dev ${root}/dev; mount -t proc proc ${root}/proc
    mount --bind ${root}/opt ${root}/opt
    : > ${root}/opt/node; mount --bind ${process.execPath} ${root}/opt/node
    mount -o remount,ro,bind ${root}
    cd ${root}
    exec chroot . setpriv ${asUser(image).join(' ')} \
      sh -c 'cd ${lastOf(stage, 'WORKDIR')} && exec "$@"' sh "$@"`;
}

/** As the image's user, without the privilege to become another one. */
function asUser({ stage }: Image): readonly string[] {
  const [uid = '', gid = ''] = lastOf(stage, 'USER').split(':');
  const forGood = ['--clear-groups', '--no-new-privs', '--inh-caps=-all'];
  return ['--reuid', uid, '--regid', gid, ...forGood];
}

const environment = (image: Image, env: Readonly<Record<string, string>>) => ({
  PATH: '/opt:/usr/local/bin:/usr/sbin:/usr/bin:/bin',
  ...environmentOf(image.stage),
  ...env,
});

/** Starts the image's entry point with its own command. */
export function startContainer(image: Image, env: Readonly<Record<string, string>>): Container {
  const words = ['ENTRYPOINT', 'CMD'].flatMap(
    (name) => JSON.parse(lastOf(image.stage, name)) as string[],
  );
  const child = spawn(
    'unshare',
    ['--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', inContainer(image), 'sh', ...words],
    { env: environment(image, env), stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const chunks: Buffer[] = [];
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const output = () => Buffer.concat(chunks).toString();
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  }
  const lineWith = (message: string) =>
    output()
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .find(({ msg }) => msg === message);
  return {
    output,
    ended,
    until: (message) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const line = lineWith(message);
          if (line !== undefined) resolve(line);
        };
        child.stdout.on('data', look);
        look();
        void ended.then(() => {
          reject(new Error(`It ended without "${message}":\n${output()}`));
        });
      }),
    signal: (signal) => {
      const pid = firstProcess(child);
      if (pid !== undefined) process.kill(pid, signal);
    },
    exec: (words, changes) =>
      new Promise((resolve) => {
        const place = [
          '--target',
          String(firstProcess(child)),
          '--mount',
          '--pid',
          '--root',
          '--wd',
        ];
        execFile(
          'nsenter',
          [...place, 'setpriv', ...asUser(image), ...words],
          { env: { ...environment(image, env), ...changes } },
          (error, stdout, stderr) => {
            const code = error === null ? 0 : Number(error.code ?? 1);
            resolve({ code, output: stdout + stderr });
          },
        );
      }),
  };
}

/** The process id, as we see it, of a container's process 1: the one child of `unshare`. */
function firstProcess({ pid, exitCode }: ChildProcess): number | undefined {
  if (pid === undefined || exitCode !== null) return undefined;
  const [first] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ');
  return first === undefined || first === '' ? undefined : Number(first);
}

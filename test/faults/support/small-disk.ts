import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, open, rm, statfs, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A separate file system that is small enough to fill. */
export interface SmallDisk {
  readonly path: string;
  /** Writes until at most these bytes (0) are free; resolves to a function that frees the space. */
  readonly fill: (left?: number) => Promise<() => Promise<void>>;
  readonly remove: () => Promise<void>;
}

const size = 128 * 1024 * 1024;

/** Whether a file system can be mounted here: this needs root, and a container may not permit it. */
export const canMount = ((): boolean => {
  const path = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', path], { stdio: 'ignore' });
    execFileSync('umount', [path]);
    return true;
  } catch {
    return false;
  } finally {
    execFileSync('rmdir', [path]);
  }
})();

/** Mounts one in memory. */
export async function mountSmallDisk(): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'usher-faults-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
  await chmod(path, 0o755);
  return {
    path,
    fill: async (left = 0) => {
      const ballast = join(path, 'ballast');
      await writeUntilFull(ballast, left);
      return () => unlink(ballast);
    },
    remove: async () => {
      execFileSync('umount', ['--lazy', path]);
      await rm(path, { recursive: true, force: true });
    },
  };
}

async function writeUntilFull(path: string, left: number): Promise<void> {
  const file = await open(path, 'w');
  const block = Buffer.alloc(4096);
  try {
    for (;;) {
      const { bavail, bsize } = await statfs(path);
      if (bavail * bsize <= left) return;
      await file.write(block);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    await file.close();
  }
}

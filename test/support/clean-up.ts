import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * A run that is killed cannot stop its servers, and they would stay for ever. This shell waits until its input ends, as it
 * does with our process, and then stops what still runs below the directory.
 */
export function cleanUpAfterExit(directory: string): void {
  const script = `cat >/dev/null
    for pid in $(find "$1" -name postmaster.pid -exec head -n 1 {} \\;); do kill -QUIT "$pid"; done
    n=0; while [ -n "$(find "$1" -name postmaster.pid)" ] && [ $n -lt 20 ]; do n=$((n + 1)); sleep 0.5; done
    rm -rf "$1"`;
  const shell = spawn('/bin/sh', ['-c', script, 'sh', directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  shell.unref();
  // Open to the end, but no reason for the run not to end.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
}

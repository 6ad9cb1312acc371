import { spawn } from 'node:child_process';
import { Socket } from 'node:net';

/**
 * A killed run cannot stop its servers, which would run for ever. This shell waits until its input is closed, which happens when
 * our process exits, and then stops the processes that still use the directory.
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
  // The stream stays open, but must not keep the run alive.
  if (shell.stdin instanceof Socket) shell.stdin.unref();
}

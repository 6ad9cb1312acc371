import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freeze } from '../../support/freeze.ts';

/** A server of the application in its own process, which a test can freeze. */
export interface ApplicationProcess {
  readonly url: string;
  /** Stops the process (SIGSTOP), and returns a function that continues it. */
  readonly freeze: () => Promise<() => void>;
  readonly stop: () => Promise<void>;
}

/** An application that accepts every visitor, has a fact at every path, and allows every channel. */
const script = `
  const answers = { '/me': { user_id: 15 }, '/broadcasting/auth': { auth: 'key:signature' } };
  const server = require('node:http').createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(answers[request.url] ?? { role: 'editor' }));
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(server.address().port));
`;

export async function startApplicationProcess(): Promise<ApplicationProcess> {
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: `http://127.0.0.1:${port.toString().trim()}`,
    freeze: () => freeze(child.pid!),
    stop: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

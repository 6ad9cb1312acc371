import { once } from 'node:events';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import { guestRequest, send } from '../http/requests.ts';
import { createTestDatabase } from './database.ts';
import { logLines, startProgram } from './program.ts';
import { guestClaims, hmacToken } from './tokens.ts';
import { transpiled } from './transpiled.ts';
import { guestSecret, testEnvironment } from './usher.ts';

const warmUpRequests = 20;

/** A file with a timer counts as part of a request only if it runs in all rounds. */
const rounds = 12;

/** The files of `src/`, relative to it, in which a function runs during one granted request of the guest chat. */
export async function filesOfOneRequest(): Promise<readonly string[]> {
  const database = await createTestDatabase();
  const program = await startProgram('src/main.ts', {
    env: {
      ...testEnvironment,
      LOG_LEVEL: 'info',
      DATABASE_URL: database.url.reveal(),
      NODE_OPTIONS: '--inspect=127.0.0.1:0',
    },
  });
  try {
    await program.until('"listening"');
    const { public: base } = logLines(program.stdout()).find(({ msg }) => msg === 'listening') as {
      readonly public: string;
    };
    const inspector = await openInspector(/ws:\S+/.exec(program.stderr())![0]);
    const request = freshGuestRequest();
    const grant = async () => {
      const { status, text } = await send(base, request);
      if (status !== 200) throw new Error(`Not granted: ${status} ${text}`);
    };
    for (let i = 0; i < warmUpRequests; i += 1) await grant();
    await inspector.call('Profiler.enable');
    await inspector.call('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
    const ran: Set<string>[] = [];
    for (let i = 0; i < rounds; i += 1) {
      await inspector.call('Profiler.takePreciseCoverage');
      await grant();
      // The second response proves that work after the first response has run.
      await grant();
      ran.push(filesIn((await inspector.call('Profiler.takePreciseCoverage')) as Coverage));
    }
    inspector.close();
    const root = await transpiled();
    return [...ran[0]!]
      .filter((file) => ran.every((each) => each.has(file)))
      .map((file) => relative(root, file).replace(/\.js$/, '.ts'))
      .filter((file) => !file.startsWith('..') && !file.includes('generated/'))
      .sort();
  } finally {
    program.signal('SIGKILL');
    await program.ended;
    await database.drop();
  }
}

/** The demo's guest, with a token for the clock of the program. */
function freshGuestRequest() {
  const iat = Math.floor(Date.now() / 1000);
  const token = hmacToken(guestClaims({ iat, exp: iat + 600 }), {}, guestSecret);
  return guestRequest({ fields: { token } });
}

/** What `Profiler.takePreciseCoverage` returns: the counts since the last call. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly { readonly ranges: readonly { readonly count: number }[] }[];
  }[];
}

function filesIn({ result }: Coverage): Set<string> {
  const ran = result.filter(({ functions }) =>
    functions.some(({ ranges }) => ranges.some(({ count }) => count > 0)),
  );
  return new Set(
    ran.filter(({ url }) => url.startsWith('file:')).map(({ url }) => fileURLToPath(url)),
  );
}

/** Calls the inspector of a process, one method at a time. */
async function openInspector(url: string) {
  const socket = new WebSocket(url);
  await once(socket, 'open');
  let id = 0;
  const call = async (method: string, params: object = {}): Promise<unknown> => {
    id += 1;
    socket.send(JSON.stringify({ id, method, params }));
    for (;;) {
      const [data] = (await once(socket, 'message')) as [Buffer];
      const message = JSON.parse(data.toString()) as { id?: number; result?: unknown };
      if (message.id === id) return message.result;
    }
  };
  return {
    call,
    close: () => {
      socket.close();
    },
  };
}

import { WebSocket } from 'ws';
import {
  askDependencies,
  type AskedDependency,
} from '../../composition/commands/check-dependencies.ts';
import type { Config } from '../../config/load.ts';
import { askApp } from '../../pusher/http-api.ts';
import { ill, well } from './check-result.ts';
import { reasonFor } from './network-errors.ts';
import type { Examined, Instruments } from './run-checks.ts';

/** How long an upstream may take, in milliseconds. */
const patience = 5_000;

/** Checks every server that the configuration names, and reports those that do not work. */
export async function examineDependencies(
  config: Config,
  instruments: Instruments,
): Promise<readonly Examined[]> {
  const { chatServer, host } = config.webSockets;
  const asked = await Promise.all([
    askDependencies(config, instruments),
    ...config.tenantsApps.map(async ({ app }, i) => [
      { setting: `PUSHER_APPS item ${i + 1}`, ...appFault(await askApp(app)) },
    ]),
    ...(chatServer ? [askUpstream('WS_UPSTREAM', chatServer)] : []),
    ...(host ? [askUpstream('SESSION_WS_UPSTREAM', host)] : []),
  ]);
  return asked.flat().map(examined);
}

function examined({ setting, error }: AskedDependency): Examined {
  return {
    name: `${setting} names a server that answers Usher`,
    finding:
      error === undefined
        ? well
        : ill(
            `It is of no use: ${reasonFor(error)}.`,
            `Correct ${setting}, or what runs there; this machine must reach it.`,
          ),
  };
}

function appFault(answer: Awaited<ReturnType<typeof askApp>>): { readonly error?: Error } {
  if ('fault' in answer) return { error: Object.assign(new Error(), { code: answer.fault }) };
  if (answer.status === 200) return {};
  return { error: new Error(`the HTTP API of that app answers ${answer.status}`) };
}

/** Any answer to a handshake is enough: the upstream may refuse this one. */
function askUpstream(setting: string, url: URL): Promise<readonly AskedDependency[]> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { handshakeTimeout: patience });
    const give = (error?: Error) => {
      socket.terminate();
      resolve([{ setting, ...(error && { error }) }]);
    };
    socket.on('open', () => {
      give();
    });
    socket.on('unexpected-response', (_request, { statusCode = 0 }) => {
      give(statusCode >= 500 ? new Error(`it answers a handshake with ${statusCode}`) : undefined);
    });
    socket.on('error', give);
  });
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach } from 'vitest';

/** A received request. */
export interface ApplicationRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export type Respond = (response: ServerResponse, request: ApplicationRequest) => void;

/** A real HTTP server of a test, which sets the response. */
export interface ScriptedApplication {
  readonly url: string;
  /** The requests since the start of the test. */
  readonly requests: readonly ApplicationRequest[];
  respondWith: Respond;
}

/** Responds with this JSON. */
export const json =
  (value: unknown, status = 200, headers: Readonly<Record<string, string>> = {}): Respond =>
  (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(value));
  };

/** Responds with this status and body. */
export const plain =
  (status: number, body = '', headers: Readonly<Record<string, string>> = {}): Respond =>
  (response) => {
    response.writeHead(status, headers);
    response.end(body);
  };

/** Starts an application that responds 404. */
export async function startScriptedApplication(): Promise<
  ScriptedApplication & { readonly stop: () => Promise<void>; readonly forget: () => void }
> {
  const requests: ApplicationRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const one = { method, path, headers, body: Buffer.concat(chunks).toString() };
      requests.push(one);
      host.respondWith(response, one);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const host = {
    url: `http://127.0.0.1:${port}`,
    requests,
    respondWith: plain(404),
    forget: () => {
      requests.length = 0;
      host.respondWith = plain(404);
    },
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
  return host;
}

/** An application for the tests of one file. It must be started before an Usher that uses it: call it at the top of the file. */
export async function useScriptedApplication(): Promise<ScriptedApplication> {
  const host = await startScriptedApplication();
  beforeEach(host.forget);
  afterAll(host.stop);
  return host;
}

/** A policy of one file, for the tests of one file. */
export async function usePolicyFile(policy: string): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'usher-policy-'));
  beforeAll(() => undefined);
  afterAll(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, 'policy.yaml');
  await writeFile(path, policy);
  return path;
}

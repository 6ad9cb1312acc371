import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { StartRefused } from '../runtime/start-refused.ts';

/** The address, and the names of its settings for errors. */
interface ListenOptions {
  readonly host: string;
  readonly port: number;
  readonly names: { readonly host: string; readonly port: string };
}

/**
 * Length of the accept queue; Linux limits it to `somaxconn`. With Node's default of 511, some of 9,000 simultaneous
 * connections were lost, and browsers do not retry.
 */
const backlog = 4_096;

/** Listens, and resolves to the URL. Throws `StartRefused` if this address or port is not available. */
export async function listen(server: FastifyInstance, options: ListenOptions): Promise<string> {
  const { host, port } = options;
  try {
    await server.listen({ host, port, backlog });
  } catch (error) {
    const why = reasonOf((error as NodeJS.ErrnoException).code, options);
    throw why === undefined ? error : new StartRefused(`Usher cannot start: ${why}.`);
  }
  // Not a string: the server listens on a port, not on a Unix socket.
  const bound = server.server.address() as AddressInfo;
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${bound.port}`;
}

function reasonOf(code: string | undefined, options: ListenOptions): string | undefined {
  const { host, port, names } = options;
  switch (code) {
    case 'EADDRINUSE':
      return `port ${port} is taken by another process; stop that process, or change ${names.port}`;
    case 'EACCES':
      return `this user may not listen on port ${port}; set ${names.port} to 1024 or above`;
    case 'EADDRNOTAVAIL':
    case 'EINVAL':
      return `${names.host} ${host} is not an address of this machine`;
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${names.host} ${host} has no address; set an address of this machine, such as 0.0.0.0`;
    case 'EAFNOSUPPORT':
      return `this machine has no IPv6, and ${names.host} ${host} needs it`;
    case undefined:
    default:
      return undefined;
  }
}

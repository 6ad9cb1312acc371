import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The address of a store, with which another process can open it. */
export interface StoreAddress {
  readonly url: string;
  readonly role: string | undefined;
}

/** A process that redeems tickets. */
export interface TicketConsumer {
  /** Redeems a ticket several times at once. Each result says whether it was the first; `null` if there was no ticket. */
  readonly take: (ticketHash: string, times: number) => Promise<readonly (boolean | null)[]>;
  readonly stop: () => Promise<void>;
}

const script = fileURLToPath(new URL('./taker-process.ts', import.meta.url));

/**
 * Starts a process that is connected to the store. It exits when its standard input is closed, and so with the test run at the
 * latest.
 */
export async function startTicketConsumer(address: StoreAddress): Promise<TicketConsumer> {
  const child = spawn(process.execPath, ['--import', 'tsx', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  // By standard input, because command-line arguments are visible to all users.
  const sendRequest = async (request: unknown): Promise<unknown> => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await lines.next();
    if (line.done === true) throw new Error('The taker ended early');
    return JSON.parse(line.value);
  };
  await sendRequest(address);
  return {
    take: async (ticketHash, times) =>
      (await sendRequest({ ticketHash, times })) as readonly (boolean | null)[],
    stop: async () => {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}

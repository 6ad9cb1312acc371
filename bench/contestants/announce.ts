import type { AddressInfo } from 'node:net';

/** Prints the address in the format of Usher's log, from which the run reads the port. */
export function announce(address: AddressInfo | string | null): void {
  const { port } = address as AddressInfo;
  console.log(JSON.stringify({ public: `http://127.0.0.1:${port}` }));
}

/** Returns an environment variable. Throws if it is not set. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

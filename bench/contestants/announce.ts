import type { AddressInfo } from 'node:net';

/** Tells the run where a contestant listens, as Usher does in its log. */
export function announce(address: AddressInfo | string | null): void {
  const { port } = address as AddressInfo;
  console.log(JSON.stringify({ public: `http://127.0.0.1:${port}` }));
}

/** A setting of this contestant. Throws when it is missing. */
export function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set`);
  return value;
}

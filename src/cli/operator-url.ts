import type { Config } from '../config/load.ts';

/** The address of the operator's port; `undefined` if the port is not known. */
export function operatorUrl({ host, port }: Config['operator']): string | undefined {
  if (port === 0) return undefined;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

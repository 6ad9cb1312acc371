import { isLoopback } from '../runtime/network/loopback.ts';
import type { Secret } from '../runtime/secret.ts';
import type { SettingsReader } from './read.ts';

/** The operator's listener. */
export interface OperatorConfig {
  readonly host: string;
  readonly port: number;
  /** The host names that requests may have, in lower case, besides `localhost` and `host`. */
  readonly names: readonly string[];
  readonly token: Secret | undefined;
}

export function loadOperator(read: SettingsReader): OperatorConfig {
  const host = read.required('OPS_HOST');
  const token = read.optional('OPS_TOKEN');
  if (token === undefined && !isLoopback(host)) {
    read.problem('OPS_TOKEN must be set when OPS_HOST is not a loopback address');
  }
  // A header cannot have other characters: the token would never be accepted.
  if (token !== undefined && !/^[!-~](?:[ -~]*[!-~])?$/.test(token.reveal())) {
    read.problem('OPS_TOKEN must be printable ASCII, without spaces at its ends');
  }
  if (token !== undefined && token.reveal().length < 16) {
    read.problem('OPS_TOKEN must have at least 16 characters');
  }
  const names = read.optional('OPS_HOSTS') ?? [];
  return { host, port: read.required('OPS_PORT'), names, token };
}

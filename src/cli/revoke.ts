import { parseArgs } from 'node:util';
import { loadConfig } from '../config/load.ts';
import type { Environment } from '../config/read.ts';
import { UsageError, type Command } from './command.ts';

const usage = `revoke --user U [--tenant T] | --tenant T | --hotel H --booking B | --guest-session S | --token J
         [--issued-before ISO]   refuse what was issued until now, and end its connections`;

/** Asks the running Usher, at the operator's port of this configuration, to revoke. */
export const revoke: Command = {
  usage,
  run: async (args, env) => {
    const body = bodyOf(args);
    const answer = await askOperator(body, env);
    const { issued_before, effects } = answer;
    return [`Revoked: what was issued before ${issued_before}.`, ...effects.map(sentenceOf)].join(
      '\n',
    );
  },
};

/** An effect as the operator's port tells it. */
interface Effect {
  readonly effect: string;
  readonly connections?: number;
  readonly server?: string;
  readonly users?: number;
  readonly which?: string;
}

interface Revoked {
  readonly issued_before: string;
  readonly effects: readonly Effect[];
}

const fields = {
  user: 'user_id',
  tenant: 'tenant_id',
  hotel: 'hotel_slug',
  booking: 'booking_id',
  'guest-session': 'guest_session_id',
  token: 'token_id',
  'issued-before': 'issued_before',
} as const;

function bodyOf(args: readonly string[]): Readonly<Record<string, string>> {
  const option = { type: 'string' } as const;
  const options = Object.fromEntries(Object.keys(fields).map((name) => [name, option]));
  try {
    const { values } = parseArgs({ args: [...args], options });
    const given = Object.entries(fields).filter(([name]) => values[name] !== undefined);
    return Object.fromEntries(given.map(([name, field]) => [field, String(values[name])]));
  } catch {
    throw new UsageError(`usher ${usage}`);
  }
}

/** How long the service may take, in milliseconds; it waits for the Pusher servers itself. */
const patience = 15_000;

async function askOperator(body: object, env: Environment): Promise<Revoked> {
  const { operator } = loadConfig(env);
  const host = operator.host.includes(':') ? `[${operator.host}]` : operator.host;
  const url = `http://${host}:${operator.port}/revocations`;
  const token = operator.token && { authorization: `Bearer ${operator.token.reveal()}` };
  let response: Response;
  try {
    response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...token },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(patience),
    });
  } catch {
    throw new UsageError(`No Usher answers at ${url}: nothing is known to be revoked.`);
  }
  const answer = (await response.json()) as Revoked & { readonly message?: string };
  if (response.status !== 200) {
    throw new UsageError(
      `Not revoked (${response.status}): ${answer.message ?? 'no reason given'}`,
    );
  }
  return answer;
}

/** One effect in plain words; one of a newer Usher by its own name. */
function sentenceOf({
  effect,
  connections = 0,
  server = '',
  users = 0,
  which = '',
}: Effect): string {
  const words: Readonly<Record<string, string>> = {
    'new-authorizations-refused': 'New authorizations are refused.',
    'tickets-refused': 'Tickets are refused.',
    'websockets-closed': `WebSockets were closed: ${connections} at the replica that was asked, all others at once.`,
    'pusher-connections-ended': `Connections of ${users} user(s) were ended at ${server}.`,
    'pusher-connections-pending': `Connections of ${users} user(s) are not known to be ended at ${server}; it is asked again until they are.`,
    'pusher-connections-stay': `Connections at ${server} that are ${which} cannot be ended: they stay until they end by themselves.`,
  };
  return `- ${words[effect] ?? effect}`;
}

import { loadConfig } from '../config/load.ts';
import type { Environment } from '../config/read.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Secret } from '../runtime/secret.ts';
import { CommandError, UsageError } from './command-error.ts';
import type { AddCommand } from './context.ts';
import { parseObject } from './doctor/json.ts';
import { codeOf, describeFault } from './doctor/network-errors.ts';

/** Asks the running Usher, at the operator's port of this configuration, to revoke. */
export const addRevoke: AddCommand = (program, { env, report }) => {
  program
    .command('revoke')
    .description('revoke the credentials that one subject has until now, and end its connections')
    .option('--user <id>', 'a user, in every tenant or in that of --tenant')
    .option('--tenant <id>', 'all users of a tenant')
    .option('--hotel <slug>', 'with --booking: the guest of a booking')
    .option('--booking <id>', 'with --hotel: the guest of a booking')
    .option('--guest-session <id>', 'a guest session')
    .option('--token <jti>', 'one token, by its `jti`')
    .option(
      '--issued-before <time>',
      'only credentials issued before this time, such as 2025-12-31T11:00:00Z',
    )
    .action(async (options: Options) => {
      const { issued_before, effects } = await requestRevocation(bodyOf(options), env());
      const lines = [`Revoked: what was issued before ${issued_before}.`];
      report([...lines, ...effects.map(formatEffect)].join('\n'));
    });
};

/** An effect as the operator's port tells it. */
interface Effect {
  readonly effect: string;
  readonly connections?: number;
  readonly server?: string;
  readonly users?: number;
  readonly which?: string;
  readonly why?: string;
}

interface Revoked {
  readonly issued_before: string;
  readonly effects: readonly Effect[];
}

/** The options, and the fields of the operator's port that they become. */
const fields = {
  user: 'user_id',
  tenant: 'tenant_id',
  hotel: 'hotel_slug',
  booking: 'booking_id',
  guestSession: 'guest_session_id',
  token: 'token_id',
  issuedBefore: 'issued_before',
} as const;

type Options = Readonly<Partial<Record<keyof typeof fields, string>>>;

const subjects: ReadonlySet<string> = new Set([
  ...['user', 'tenant,user', 'tenant', 'booking,hotel', 'guestSession', 'token'],
]);

function bodyOf(options: Options): Readonly<Record<string, string>> {
  const { issuedBefore, ...subject } = options;
  if (!subjects.has(Object.keys(subject).toSorted().join(','))) {
    throw new UsageError(
      'name exactly one of --user (with or without --tenant), --tenant, --hotel with --booking, --guest-session, --token',
    );
  }
  if (issuedBefore !== undefined && !/T.*(Z|[+-]\d\d:\d\d)$/.test(issuedBefore)) {
    throw new UsageError('--issued-before must be a time with its zone: 2025-12-31T11:00:00Z');
  }
  const given = Object.entries(options) as [keyof typeof fields, string][];
  return Object.fromEntries(given.map(([name, value]) => [fields[name], value]));
}

/** How long the service may take, in milliseconds; it waits for the Pusher servers itself. */
const timeoutMs = 15_000;

/** What the operator's port answers: what was revoked, or why nothing was. */
type OperatorResponse = Partial<Revoked> & { readonly message?: string };

async function requestRevocation(body: object, env: Environment): Promise<Revoked> {
  const { host, port, token } = loadConfig(env).operator;
  if (port === 0) throw new CommandError('OPS_PORT is 0: set it to the port that Usher listens on');
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${port}/revocations`;
  const { status, answer: response } = await post(url, body, token);
  if (status !== 200 || response.issued_before === undefined || response.effects === undefined) {
    const why = response.message ?? `${url} is not an operator’s port of Usher`;
    throw new CommandError(`Not revoked (${status}): ${toOptionNames(why)}`);
  }
  return { issued_before: response.issued_before, effects: response.effects };
}

/** Errors of the service name fields of the body; the user of this command gave options. */
function toOptionNames(message: string): string {
  return Object.entries(fields).reduce(
    (text, [name, field]) =>
      text.replaceAll(
        new RegExp(`(?:body/)?\\b${field}\\b`, 'g'),
        `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
      ),
    message,
  );
}

async function post(url: string, body: object, token: Secret | undefined) {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token && { authorization: `Bearer ${token.reveal()}` }),
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return {
      status: response.status,
      answer: (parseObject(await response.text()) ?? {}) as OperatorResponse,
    };
  } catch (error) {
    throw new CommandError(
      `No Usher answers at ${url}: ${describeFault(codeOf(error))}. Nothing is known to be revoked. Run this where Usher runs, with its OPS_HOST, OPS_PORT and OPS_TOKEN.`,
      exitCodes.unavailable,
    );
  }
}

/** One effect in plain words; one of a newer Usher by its own name. */
function formatEffect({
  effect,
  connections = 0,
  server = '',
  users = 0,
  which = '',
  why = '',
}: Effect): string {
  const words: Readonly<Record<string, string>> = {
    'new-authorizations-refused': 'New authorizations are refused.',
    'tickets-refused': 'Tickets are refused.',
    'websockets-closed': `WebSockets were closed: ${connections} at the replica that was asked, all others at once.`,
    'pusher-connections-ended': `Connections of ${users} user(s) were ended at ${server}.`,
    'pusher-connections-pending': `Connections of ${users} user(s) are not ended yet at ${server}; it is asked again for about a day.`,
    'pusher-connections-not-ended': `Connections of ${users} user(s) were not ended at ${server} (${why}), and it is not asked again.`,
    'pusher-connections-stay':
      which === 'all'
        ? `No connections at ${server} are ended (${why}): they stay until they end by themselves.`
        : `Connections at ${server} that are ${which} cannot be ended: they stay until they end by themselves.`,
  };
  return `- ${words[effect] ?? effect}`;
}

import type { Command } from 'commander';
import { loadConfig, type Config } from '../config/load.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import type { Policy } from '../policy/policy.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Secret } from '../runtime/secret.ts';
import { CommandError, UsageError, type AddCommand } from './command.ts';
import { parseJsonObject } from '../runtime/json.ts';
import { parseText } from './options.ts';
import { operatorUrl } from './operator-url.ts';
import { codeOf, describeFault } from './network-errors.ts';
import { parsePolicyOptions, acceptPolicyOptions } from './policy-options.ts';

/** Sends a revocation to the running Usher, at the operator's port of this configuration. */
export const addRevoke: AddCommand = (program, { env, report }) => {
  acceptPolicyOptions(program.command('revoke'))
    .description('revoke the current credentials of a subject, and terminate its connections')
    .option('--user <id>', 'a user, in every tenant or in that of --tenant', parseText)
    .option('--tenant <id>', 'all users of a tenant', parseText)
    .option('--guest-session <id>', 'a guest session', parseText)
    .option('--token <jti>', 'one token, by its `jti`', parseText)
    .option(
      '--issued-before <time>',
      'only credentials issued before this time, such as 2025-12-31T11:00:00Z',
    )
    .addHelpText('after', '\nA subject of the policy has an option for each of its attributes.')
    .action(async (options: Options, command: Command) => {
      const config = loadConfig(env());
      const subjects = subjectsOf(await loadPolicy(config.policy));
      const body = bodyOf(options, { args: command.args, subjects });
      const { issued_before, effects } = await requestRevocation(body, config, subjects);
      const lines = [`Revoked: credentials issued before ${issued_before}.`];
      report([...lines, ...effects.map(formatEffect)].join('\n'));
    });
};

/** An effect in the response of the operator's port. */
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

/** Options, and the fields of the request. */
const fields = {
  user: 'user_id',
  tenant: 'tenant_id',
  guestSession: 'guest_session_id',
  token: 'token_id',
  issuedBefore: 'issued_before',
} as const;

type Options = Readonly<Partial<Record<keyof typeof fields, string>>>;

/** A subject of the policy: the fields of the request by the names of options. */
type PolicySubject = Readonly<Record<string, string>>;

function subjectsOf({ issuers }: Policy): readonly PolicySubject[] {
  return [...issuers.values()].flatMap(({ revocations }) =>
    revocations.map(({ subject, fields: ofSubject }) => {
      // The id has the name of its kind: `--nurse`, as `--user`.
      const optionOf = (attribute: string) => (attribute === 'id' ? subject : attribute);
      return Object.fromEntries(
        Array.from(ofSubject, ([field, attribute]) => [optionOf(attribute), field]),
      );
    }),
  );
}

const ownSubjects: ReadonlySet<string> = new Set([
  'user',
  'tenant,user',
  'tenant',
  'guestSession',
  'token',
]);

function bodyOf(
  options: Options,
  {
    args,
    subjects,
  }: { readonly args: readonly string[]; readonly subjects: readonly PolicySubject[] },
): Readonly<Record<string, string>> {
  const { issuedBefore, ...own } = options;
  const named = parsePolicyOptions(args, subjects.flatMap(Object.keys));
  const given = Object.keys({ ...own, ...named })
    .toSorted()
    .join(',');
  const declared = subjects.find((subject) => Object.keys(subject).toSorted().join(',') === given);
  if (declared === undefined && !ownSubjects.has(given)) {
    const others = subjects.map(
      (subject) =>
        `${Object.keys(subject)
          .map((name) => `--${name}`)
          .join(' with ')}, `,
    );
    throw new UsageError(
      `give exactly one of --user (with or without --tenant), --tenant, ${others.join('')}--guest-session, --token`,
    );
  }
  if (issuedBefore !== undefined && !/T.*(Z|[+-]\d\d:\d\d)$/.test(issuedBefore)) {
    throw new UsageError(
      '--issued-before must be a time with a time zone, such as 2025-12-31T11:00:00Z',
    );
  }
  const names: Readonly<Record<string, string>> = ownSubjects.has(given)
    ? fields
    : { ...fields, ...declared };
  return Object.fromEntries(
    Object.entries({ ...options, ...named }).map(([name, value]) => [names[name] ?? name, value]),
  );
}

/** Longer than the time for which the service waits for Pusher servers. */
const timeoutMs = 15_000;

type OperatorResponse = Partial<Revoked> & { readonly message?: string };

async function requestRevocation(
  body: object,
  { operator }: Config,
  subjects: readonly PolicySubject[],
): Promise<Revoked> {
  const address = operatorUrl(operator);
  if (address === undefined) {
    throw new CommandError('OPS_PORT is 0: set it to the port that Usher listens on');
  }
  const url = `${address}/revocations`;
  const { status, response } = await post(url, body, operator.token);
  if (status !== 200 || response.issued_before === undefined || response.effects === undefined) {
    const why = response.message ?? `${url} is not the operator’s port of Usher`;
    throw new CommandError(`Not revoked (${status}): ${toOptionNames(why, subjects)}`);
  }
  return { issued_before: response.issued_before, effects: response.effects };
}

/** Replaces the field names in an error of the service by the names of options. */
function toOptionNames(message: string, subjects: readonly PolicySubject[]): string {
  return Object.entries(Object.assign({}, ...subjects, fields) as PolicySubject).reduce(
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
      response: (parseJsonObject(await response.text()) ?? {}) as OperatorResponse,
    };
  } catch (error) {
    throw new CommandError(
      `No response from ${url}: ${describeFault(codeOf(error))}. The revocation may not be written. Run this command on the machine of Usher, with its OPS_HOST, OPS_PORT and OPS_TOKEN.`,
      exitCodes.unavailable,
    );
  }
}

/** Describes an effect, or repeats the name of an effect of a newer Usher. */
function formatEffect({
  effect,
  connections = 0,
  server = '',
  users = 0,
  which = '',
  why = '',
}: Effect): string {
  const descriptions: Readonly<Record<string, string>> = {
    'new-authorizations-refused': 'New authorizations are refused.',
    'tickets-refused': 'Tickets are refused.',
    'websockets-closed': `WebSockets are closed: ${connections} at this replica, and those of other replicas.`,
    'pusher-connections-ended': `Connections of ${users} user(s) at ${server} are terminated.`,
    'pusher-connections-pending': `Connections of ${users} user(s) at ${server} are not terminated yet; Usher retries for about a day.`,
    'pusher-connections-not-ended': `Connections of ${users} user(s) at ${server} are not terminated (${why}); Usher does not retry.`,
    'pusher-connections-stay':
      which === 'all'
        ? `Connections at ${server} are not terminated (${why}): they stay open until they are closed.`
        : `Connections at ${server} that are ${which} cannot be terminated: they stay open until they are closed.`,
  };
  return `- ${descriptions[effect] ?? effect}`;
}

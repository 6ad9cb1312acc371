import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { mintGuestToken, mintUserToken } from '../../authn/jwt/mint.ts';
import { systemClock } from '../../runtime/clock.ts';
import { Secret } from '../../runtime/secret.ts';
import { CommandError, type AddCommand } from '../command.ts';
import { fileErrorReason } from '../file-error.ts';
import { matchOf } from '../match-channel.ts';
import { buildOfflinePolicy, type DecideChannel } from './offline-policy.ts';
import { factsIn, parsePolicy, type PolicyFile, type Row, type Subject } from './policy-file.ts';
import { variationsOf, type PolicyRequest } from './variations.ts';

const claims = { bookingClaim: 'booking_id', hotelClaim: 'hotel_slug' } as const;
const minuteMs = 60_000;

/** Evaluates every row of a file and, for each row that is granted, variations that should be refused. */
export const addPolicyTest: AddCommand = (program, { report }) => {
  program
    .command('policy-test')
    .description('check a table of expected decisions against the rules; needs no database')
    .argument('<file>', 'the table, as JSON')
    .action(async (path: string) => {
      const policy = parsePolicy(await readPolicy(path), path);
      const isAllowed = allowedBy(policy);
      const results = await Promise.all(
        policy.rows.map((row) => evaluateRow(row, policy, isAllowed)),
      );
      report({
        printed: results.map(({ printed }) => printed).join('\n'),
        passed: results.every(({ problems }) => problems.length === 0),
      });
    });
};

async function readPolicy(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${fileErrorReason(error)}`);
  }
}

type IsAllowed = (request: PolicyRequest) => Promise<boolean>;

async function evaluateRow(row: Row, { who }: PolicyFile, isAllowed: IsAllowed) {
  const { may: expected, and = [] } = row;
  const subject = who[row.who];
  const request = { who: subject, channel: row.channel, tenant: subject?.tenant };
  const variations = expected ? variationsOf(request) : new Map<string, PolicyRequest>();
  const problems = and
    .filter((name) => !variations.has(name))
    .map((name) => `there is no variation "${name}"`);
  if ((await isAllowed(request)) !== expected)
    problems.push(expected ? 'is refused' : 'is granted');
  for (const [name, varied] of variations) {
    const isExpected = and.includes(name);
    if ((await isAllowed(varied)) !== isExpected)
      problems.push(`${isExpected ? 'refused' : 'granted'} too: ${name}`);
  }
  const title = `${row.who} ${expected ? 'may' : 'may not'} enter ${row.channel}`;
  const of = expected ? ` (and ${variations.size} variations)` : '';
  const mark = problems.length === 0 ? '✓' : '✗';
  return {
    problems,
    printed: [`${mark} ${title}${of}`, ...problems.map((each) => `    ${each}`)].join('\n'),
  };
}

/** Tokens are signed with a random secret, and verified as in the service. */
function allowedBy(policy: PolicyFile): IsAllowed {
  const secret = new Secret(randomBytes(32).toString('hex'));
  const { now } = systemClock;
  const decide: DecideChannel = buildOfflinePolicy({
    ...{ find: factsIn(policy), secret, now },
    ...claims,
  });
  return async ({ who, channel, tenant, expired }) => {
    const signedAt = expired ? () => now() - 2 * minuteMs : now;
    const token = who && (await mint(who, { secret, lifetimeMs: minuteMs, now: signedAt }));
    const kind = who?.user === undefined ? 'guest-token' : 'bearer';
    const hotelSlug = matchOf(channel)?.params['hotelSlug'];
    const decision = await decide({
      ...{ channelName: channel, socketId: '1.1' },
      credentials: token === undefined ? [] : [{ kind, text: new Secret(token) }],
      constraints: {
        tenantIds: tenant === undefined ? [] : [tenant],
        ...(hotelSlug && { hotelSlug }),
      },
      origin: { requestId: 'policy-test', address: '127.0.0.1' },
    });
    return decision.outcome === 'grant';
  };
}

function mint(who: Subject, signing: Parameters<typeof mintUserToken>[1]): Promise<string> {
  const { user: userId, tenant: tenantId, roles = [], hotel = '', booking = '' } = who;
  return userId === undefined
    ? mintGuestToken({ hotelSlug: hotel, bookingId: booking }, claims, signing)
    : mintUserToken({ userId, roles, ...(tenantId !== undefined && { tenantId }) }, signing);
}

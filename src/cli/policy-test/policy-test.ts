import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { mintGuestToken, mintUserToken } from '../../authn/jwt/mint.ts';
import { systemClock } from '../../runtime/clock.ts';
import { Secret } from '../../runtime/secret.ts';
import { CommandError } from '../command-error.ts';
import type { AddCommand } from '../context.ts';
import { reasonOfFile } from '../file-error.ts';
import { readingOf } from '../match-channel.ts';
import { buildPaperPolicy, type DecideChannel } from './offline-policy.ts';
import { findIn, parsePolicy, type PolicyFile, type Row, type Who } from './policy-file.ts';
import { variationsOf, type Asked } from './variations.ts';

const claims = { bookingClaim: 'booking_id', hotelClaim: 'hotel_slug' } as const;
const minute = 60_000;

/** Asks the policy every row of a file, and with each row that may enter, what nobody meant to allow with it. */
export const addPolicyTest: AddCommand = (program, { report }) => {
  program
    .command('policy-test')
    .description('check a table of expected decisions against the rules; needs no database')
    .argument('<file>', 'the table, as JSON')
    .action(async (path: string) => {
      const policy = parsePolicy(await readPolicy(path), path);
      const may = askPolicy(policy);
      const results = await Promise.all(policy.rows.map((row) => judgeRow(row, policy, may)));
      report({
        printed: results.map(({ told }) => told).join('\n'),
        passed: results.every(({ wrong }) => wrong.length === 0),
      });
    });
};

async function readPolicy(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new CommandError(`${path} cannot be read: ${reasonOfFile(error)}`);
  }
}

type May = (asked: Asked) => Promise<boolean>;

async function judgeRow(row: Row, { who }: PolicyFile, may: May) {
  const { may: expected, and = [] } = row;
  const person = who[row.who];
  const asked = { who: person, channel: row.channel, tenant: person?.tenant };
  const variations = expected ? variationsOf(asked) : new Map<string, Asked>();
  const wrong = and
    .filter((name) => !variations.has(name))
    .map((name) => `there is no variation "${name}"`);
  if ((await may(asked)) !== expected) wrong.push(expected ? 'is refused' : 'is granted');
  for (const [name, varied] of variations) {
    const meant = and.includes(name);
    if ((await may(varied)) !== meant) wrong.push(`${meant ? 'refused' : 'granted'} too: ${name}`);
  }
  const title = `${row.who} ${expected ? 'may' : 'may not'} enter ${row.channel}`;
  const of = expected ? ` (and ${variations.size} variations)` : '';
  const mark = wrong.length === 0 ? '✓' : '✗';
  return {
    wrong,
    told: [`${mark} ${title}${of}`, ...wrong.map((each) => `    ${each}`)].join('\n'),
  };
}

/** Tokens are signed with a secret of this moment, and verified as any other. */
function askPolicy(policy: PolicyFile): May {
  const secret = new Secret(randomBytes(32).toString('hex'));
  const { now } = systemClock;
  const decide: DecideChannel = buildPaperPolicy({
    ...{ find: findIn(policy), secret, now },
    ...claims,
  });
  return async ({ who, channel, tenant, expired }) => {
    const signedAt = expired ? () => now() - 2 * minute : now;
    const token = who && (await mint(who, { secret, lifetime: minute, now: signedAt }));
    const kind = who?.user === undefined ? 'guest-token' : 'bearer';
    const hotelSlug = readingOf(channel)?.params['hotelSlug'];
    const decision = await decide({
      ...{ channelName: channel, socketId: '1.1' },
      credentials: token === undefined ? [] : [{ kind, text: new Secret(token) }],
      pinned: { tenantIds: tenant === undefined ? [] : [tenant], ...(hotelSlug && { hotelSlug }) },
      origin: { requestId: 'policy-test', address: '127.0.0.1' },
    });
    return decision.outcome === 'grant';
  };
}

function mint(who: Who, signing: Parameters<typeof mintUserToken>[1]): Promise<string> {
  const { user: userId, tenant: tenantId, roles = [], hotel = '', booking = '' } = who;
  return userId === undefined
    ? mintGuestToken({ hotelSlug: hotel, bookingId: booking }, claims, signing)
    : mintUserToken({ userId, roles, ...(tenantId !== undefined && { tenantId }) }, signing);
}

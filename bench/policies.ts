import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSocketId } from '../src/policy/pusher-names.ts';
import { evaluateMatch } from '../src/authorize/evaluate.ts';
import { loadPolicy } from '../src/policy/load-policy.ts';
import type { Policy } from '../src/policy/policy.ts';
import { withoutPermit } from '../src/runtime/permits.ts';
import { usherScript, type Bench } from './bench.ts';
import { measureMatching, relativeCosts } from './registry-cost.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import { describeRun, writeResults } from './output.ts';
import { mediansOf, runRounds, type Contestant } from './rounds.ts';
import { rotated } from './schedule.ts';
import { compare, median, type Ratio } from './statistics.ts';
import { formatTable } from './table.ts';

const moduleFile = fileURLToPath(new URL('../examples/modules/tenants.ts', import.meta.url));

/** The same channels as a module and as YAML. The policy of guests is required because the settings have the secret of guest tokens. */
const variants = {
  module: ['builtin:hotel-guest-chat', moduleFile],
  YAML: ['builtin:hotel-guest-chat', 'builtin:tenants'],
} as const;

const channelTypeCounts = [10, 1_000] as const;

/** Compares rules in YAML with rules in a module, and 1,000 channel types with 10. */
export async function runPolicies(bench: Bench): Promise<void> {
  const requests = await measureRequests(bench);
  const rules = await measureRules(bench.scale.rounds);
  const loading = await measureLoading(bench.scale.rounds);
  const match = measureMatching(channelTypeCounts, bench.scale.rounds);
  const [byModule, byYaml] = requests.map(({ rates }) => rates.map((rate) => 1e6 / rate));
  const milliseconds = loading.map((each) => each.milliseconds);
  console.log(
    formatTable(
      ['measurement', 'first', 'second', 'ratio', 'range'],
      [
        row('request by module / by YAML, µs', byModule ?? [], byYaml ?? []),
        row('rules by module / by YAML, ns', rules.module, rules.YAML),
        row('loading 10 / 1,000 channel types, ms', ...pairOf(milliseconds)),
        row('parsing a name of 10 / 1,000 channel types, ns', ...pairOf(match.map(nanosecondsOf))),
      ],
    ),
  );
  console.log(
    `Medians of ${bench.scale.rounds} alternating rounds. Pinning: ${bench.pinning.description}.`,
  );
  await writeResults('policies', {
    ...describeRun(bench),
    requests: requests.map((each) => ({ ...each, ...mediansOf(each) })),
    rules,
    loading,
    matching: match,
    matchingRatios: relativeCosts(match),
  });
}

const nanosecondsOf = ({ nanoseconds }: { readonly nanoseconds: readonly number[] }) => nanoseconds;

type Values = readonly number[];

const pairOf = ([first = [], second = []]: readonly Values[]): [Values, Values] => [first, second];

function row(label: string, first: Values, second: Values): readonly string[] {
  const { ratio, min, max }: Ratio = compare(second, first);
  return [
    label,
    median(first).toFixed(0),
    median(second).toFixed(0),
    ratio.toFixed(2),
    `${min.toFixed(2)}–${max.toFixed(2)}`,
  ];
}

/** Measures requests of users for the chat of an escrow, with one server per variant. */
async function measureRequests(bench: Bench) {
  const databaseUrl = await bench.postgres.create();
  await withClient(databaseUrl, (client) => fill(client, bench.scale.rows));
  const contestants: Contestant[] = [];
  for (const [name, sources] of Object.entries(variants)) {
    const server = await bench.serve(usherScript, databaseUrl, { POLICY: sources.join(',') });
    const scenario = { name: 'user', rows: bench.scale.rows, tokens: 300 } as const;
    contestants.push({ name, server, databaseUrl, scenario });
  }
  return runRounds(bench, contestants);
}

const evaluations = 200_000;

/** Measures only the rules of that chat, with the escrow in memory. Returns nanoseconds per evaluation, one value per round. */
async function measureRules(rounds: number): Promise<Readonly<Record<'module' | 'YAML', Values>>> {
  const subjects = [
    { evaluate: evaluationOf(await loadPolicy(variants.module)), nanoseconds: [] as number[] },
    { evaluate: evaluationOf(await loadPolicy(variants.YAML)), nanoseconds: [] as number[] },
  ] as const;
  for (const { evaluate } of subjects) await evaluate();
  for (let round = 0; round < rounds; round += 1) {
    for (const { evaluate, nanoseconds } of rotated(subjects, round)) {
      nanoseconds.push(await evaluate());
    }
  }
  return { module: subjects[0].nanoseconds, YAML: subjects[1].nanoseconds };
}

function evaluationOf({ channels }: Policy): () => Promise<number> {
  const match = channels.matchText('private-tenant.1.escrow.42.chat');
  if (match === undefined) throw new Error('The channel has no match');
  const fact = { buyer_id: '15', seller_id: '16', status: 'FUNDED' };
  const principal = { kind: 'user', id: '16', tenantId: '1', roles: [], expiresAt: Infinity };
  const deps = {
    find: () => Promise.resolve(fact),
    ask: () => Promise.reject(new Error('No channel uses `ask`')),
    encrypts: () => false,
    caches: () => false,
    userIdOf: (_tenantId: string | undefined, id: string) => id,
    now: () => 0,
    withLentPermit: withoutPermit,
  };
  const socketId = parseSocketId('1.1');
  if (socketId === undefined) throw new Error('The socket id is invalid');
  return async () => {
    const start = performance.now();
    for (let i = 0; i < evaluations; i += 1) {
      const { refused } = await evaluateMatch(
        match,
        { principal, socketId, constraints: { tenantIds: ['1'] } },
        deps,
      );
      if (refused !== undefined) throw new Error(`Refused: ${refused}`);
    }
    return ((performance.now() - start) * 1e6) / evaluations;
  };
}

/** Measures loading a policy of each size. Returns milliseconds, one value per round. */
async function measureLoading(rounds: number) {
  const directory = await mkdtemp(join(tmpdir(), 'usher-bench-policies-'));
  try {
    const subjects = channelTypeCounts.map((channelTypes) => ({
      channelTypes,
      folder: join(directory, String(channelTypes)),
      milliseconds: [] as number[],
    }));
    for (const { folder, channelTypes } of subjects) {
      await writePolicy(folder, channelTypes);
      await loadPolicy([folder]);
    }
    for (let round = 0; round < rounds; round += 1) {
      for (const { folder, milliseconds } of rotated(subjects, round)) {
        const start = performance.now();
        await loadPolicy([folder]);
        milliseconds.push(performance.now() - start);
      }
    }
    return subjects.map(({ channelTypes, milliseconds }) => ({ channelTypes, milliseconds }));
  } finally {
    await rm(directory, { recursive: true });
  }
}

/** Keeps each file below the limit of 256 KB. */
const channelTypesPerFile = 250;

async function writePolicy(folder: string, channelTypes: number): Promise<void> {
  await mkdir(folder);
  for (let first = 0; first < channelTypes; first += channelTypesPerFile) {
    const count = Math.min(channelTypesPerFile, channelTypes - first);
    const channels = Array.from({ length: count }, (_, n) => channelOf(first + n));
    const facts = first === 0 ? factsOfChannels : '';
    await writeFile(join(folder, `${first}.yaml`), `${facts}channels:\n${channels.join('')}`);
  }
}

const factsOfChannels = `facts:
  thing: { ids: [tenantId, thingId], tenant: tenantId, fields: { owner: string } }
`;

const channelOf = (n: number) => `  private-family${n}.tenant.{tenantId}.thing.{thingId}:
    about: who is in charge of the thing
    params: { tenantId: id, thingId: id }
    tenant: tenantId
    facts: { thing: [params.tenantId, params.thingId] }
    allow:
      user:
        user is of this tenant: { rule: user.tenant == params.tenantId, code: tenant-mismatch }
        user is in charge: user.id == facts.thing.owner || 'admin' in user.roles
`;

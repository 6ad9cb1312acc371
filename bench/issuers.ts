import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { usherScript, type Bench } from './bench.ts';
import { withClient } from './database.ts';
import { fill } from './facts.ts';
import { describeRun, writeResults } from './output.ts';
import { mediansOf, runRounds, type Contestant } from './rounds.ts';
import { formatTable } from './table.ts';

/** Measures requests with fresh tokens, by signature algorithm of the issuer. */
export async function runIssuers(bench: Bench): Promise<void> {
  const databaseUrl = await bench.postgres.create();
  await withClient(databaseUrl, (client) => fill(client, bench.scale.rows));
  const directory = await mkdtemp(join(tmpdir(), 'usher-bench-issuers-'));
  bench.cleanup.add(() => rm(directory, { recursive: true, force: true }));
  await writeFile(join(directory, 'issuers.yaml'), policy);
  const { HS256, RS256, ES256 } = bench.keys.verifying;
  const server = await bench.serve(usherScript, databaseUrl, {
    POLICY: `builtin:*,${directory}`,
    BENCH_HS256: HS256,
    BENCH_RS256: RS256,
    BENCH_ES256: ES256,
  });
  const user = { name: 'user', rows: bench.scale.rows } as const;
  const fresh = { ...user, tokens: 'fresh' } as const;
  const rows: Readonly<Record<string, Contestant['scenario']>> = {
    'fresh token HS256': { ...fresh, issuer: 'HS256' },
    'fresh token RS256': { ...fresh, issuer: 'RS256' },
    'fresh token ES256': { ...fresh, issuer: 'ES256' },
    'warm tokens RS256': { ...user, tokens: 300, issuer: 'RS256' },
  };
  const contestants = Object.entries(rows).map(([name, scenario]) => {
    return { name, server, databaseUrl, scenario };
  });
  const results = await runRounds(bench, contestants);
  const medians = results.map((result) => ({ ...result, ...mediansOf(result) }));
  const cells = medians.map(({ name, rate, p50, p99 }) => {
    return [name, rate.toFixed(0), p50.toFixed(2), p99.toFixed(2)];
  });
  console.log(formatTable(['tenant user', 'per second', 'p50, ms', 'p99, ms'], cells));
  console.log(
    `Medians of ${bench.scale.rounds} alternating rounds. Pinning: ${bench.pinning.description}.`,
  );
  await writeResults('issuers', { ...describeRun(bench), results: medians });
}

const issuer = (alg: string, key: string) =>
  `  ${alg.toLowerCase()}: { issuer: ${alg}, keys: { ${key}: { env: BENCH_${alg} } }, audience: [usher], kind: user }`;

/** Issuers in addition to those of the settings, so that each token must be assigned to one of several. */
const policy = `version: 1
issuers:
${issuer('HS256', 'secret')}
${issuer('RS256', 'public_key')}
${issuer('ES256', 'public_key')}
`;

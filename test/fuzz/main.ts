import { randomInt } from 'node:crypto';
import { requestTarget, type Seen } from './requests.ts';
import { startService } from './service.ts';
import type { Target } from './target.ts';
import { parserTargets } from './targets.ts';
import { credentialsAt, secretsOf } from './world.ts';

const [minutes = 1, seed = randomInt(2 ** 31)] = process.argv.slice(2).map(Number);
if (!(minutes > 0) || !Number.isSafeInteger(seed))
  throw new Error('Say: npm run fuzz [minutes] [seed]');
const milliseconds = minutes * 60_000;
/** Requests at once; more would only wait for each other. */
const workers = 8;

const failures: string[] = [];
const seen: Seen = { responses: 0, signatures: 0, forged: 0, broken: 0 };
const say = (text: string) => void process.stdout.write(`${text}\n`);

async function run(target: Target, worker: number, time: number): Promise<number> {
  const { runs, failure } = await target.run({ seed: seed + worker, milliseconds: time });
  if (failure !== undefined) failures.push(failure);
  return runs;
}

/** Every parser in turn, for half of the time. */
async function fuzzParsers(): Promise<void> {
  for (const target of parserTargets) {
    const runs = await run(target, 0, milliseconds / 2 / parserTargets.length);
    say(`${target.name.padEnd(32)}${String(runs).padStart(12)}`);
  }
}

/** A running service, for the other half. */
async function fuzzService(): Promise<void> {
  const credentials = credentialsAt(Date.now());
  const service = await startService(secretsOf(credentials));
  const target = requestTarget(service.address, credentials, seen);
  const each = Array.from({ length: workers }, (_, worker) =>
    run(target, worker, milliseconds / 2),
  );
  const runs = (await Promise.all(each)).reduce((sum, one) => sum + one, 0);
  await service.stop();
  failures.push(...service.faults());
  if (seen.signatures === 0) failures.push('Nothing was signed, so nothing was tried');
  say(
    `${target.name.padEnd(32)}${String(runs).padStart(12)}  (${seen.responses} answers, ${seen.signatures} good signatures)`,
  );
}

say(`To do this again: npm run fuzz ${minutes} ${seed}`);
await fuzzParsers();
await fuzzService();
for (const failure of failures) say(`\n${failure}`);
say(`\n${seen.forged} signatures that should not exist, ${seen.broken} answers of 500`);
process.exitCode = failures.length === 0 ? 0 : 1;

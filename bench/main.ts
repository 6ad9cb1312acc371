import { runBase } from './base.ts';
import { openBench, type Bench } from './bench.ts';
import { createCleanup } from './cleanup.ts';
import { runClientStorm } from './client-storm.ts';
import { runComparison } from './comparison.ts';
import { runFlood } from './flood.ts';
import { runFootprint } from './footprint.ts';
import { runFrozen } from './frozen.ts';
import { runGrowth } from './growth.ts';
import { runHosts } from './hosts.ts';
import { runIssuers } from './issuers.ts';
import { runPolicies } from './policies.ts';
import { chooseScale } from './scale.ts';
import { choosePinning, unpinned } from './pinning.ts';
import { runStorm } from './storm.ts';
import { runWorkers } from './workers.ts';

type Command = (bench: Bench, args: readonly string[]) => Promise<void>;

const commands: Readonly<Record<string, Command>> = {
  base: runBase,
  comparison: runComparison,
  storm: runStorm,
  'client-storm': runClientStorm,
  flood: runFlood,
  frozen: runFrozen,
  growth: runGrowth,
  footprint: runFootprint,
  policies: runPolicies,
  issuers: runIssuers,
  hosts: runHosts,
  workers: runWorkers,
};

const [name = 'comparison', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
if (command === undefined) {
  console.error(`Usage: npm run bench [-- ${Object.keys(commands).join(' | ')}]`);
  process.exitCode = 2;
} else {
  await run(command);
}

async function run(work: Command): Promise<void> {
  const cleanup = createCleanup();
  try {
    // With several worker processes, one core for the server would hide the effect.
    const pinning = work === runWorkers ? unpinned : await choosePinning();
    await work(await openBench(cleanup, chooseScale(), pinning), args);
  } catch (error) {
    // After a signal, the run fails because its servers are gone. That error would only distract.
    if (!cleanup.isInterrupted()) console.error(error);
    process.exitCode = 1;
  } finally {
    await cleanup.run();
  }
}

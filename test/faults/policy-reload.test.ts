import { mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';

import { loadPolicy } from '../../src/policy/load-policy.ts';
import type { Usher } from '../e2e/support/usher.ts';
import { expectEveryGrantKept } from './support/expectations.ts';
import { type Postgres, startPostgres } from './support/postgres.ts';
import { report } from './support/report.ts';
import { asOperator, startService } from './support/service.ts';
import { guestRequest, operatorRequest, seenBy, startTraffic } from './support/traffic.ts';

/** The files of one version of a policy, by their names. */
type Files = Readonly<Record<string, string>>;

/** Milliseconds between two versions. */
const pace = 100;

const shipped = async (name: string): Promise<string> =>
  readFile(
    fileURLToPath(new URL(`../../policies/hotel-guest-chat/${name}`, import.meta.url)),
    'utf8',
  );
const [policy, test] = await Promise.all([shipped('policy.yaml'), shipped('policy.test.yaml')]);

/** Both files differ, so that a mixture of two versions is a third policy. */
const versionOf = (name: string): Files => ({
  'policy.test.yaml': `# ${name}\n${test}`,
  'policy.yaml': `# ${name}\n${policy}`,
});

/** Only one file differs: files that are replaced one after the other are a mixture in between. */
const ofOneFile = (files: Files): Files => ({ ...files, 'policy.test.yaml': test });

const good = [versionOf('one'), versionOf('other')] as const;

/** Mistakes of operators in a policy, and the place that the error must name. */
const broken: readonly { readonly files: Files; readonly problem: RegExp }[] = [
  { files: change('policy.yaml', 'version: 1', 'version: ['), problem: /policy\.yaml:\d+:\d+: / },
  {
    files: change('policy.yaml', 'version: 1', 'version: 1\nchanels: {}'),
    problem: /policy\.yaml:4:1: .*channels/,
  },
  {
    files: change('policy.yaml', 'guest.booking == params', 'guest.boking == params'),
    problem: /policy\.yaml:\d+:\d+: .*boking/,
  },
  {
    files: change('policy.yaml', "status == 'open'", "status != 'open'"),
    problem: /policy\.test\.yaml:\d+: /,
  },
  {
    files: { 'policy.test.yaml': versionOf('broken')['policy.test.yaml']! },
    problem: /policy\.yaml: it does not exist|there is no policy/,
  },
];

function change(file: 'policy.yaml' | 'policy.test.yaml', from: string, to: string): Files {
  const files = versionOf('broken');
  if (!files[file]!.includes(from)) throw new Error(`${file} does not have ${from}`);
  return { ...files, [file]: files[file]!.replace(from, to) };
}

/** A directory of symbolic links that a replacement of one link changes all at once, as Kubernetes mounts a ConfigMap. */
async function createConfigMap(files: Files) {
  const path = await mkdtemp(join(inject('faultDirectory'), 'policy-'));
  let count = 0;
  let current: string | undefined;
  const replace = async (next: Files) => {
    const folder = `..${(count += 1)}`;
    await write(join(path, folder), next);
    await symlink(folder, join(path, '..next'));
    await rename(join(path, '..next'), join(path, '..data'));
    if (current !== undefined) await rm(join(path, current), { recursive: true });
    current = folder;
  };
  await replace(files);
  for (const name of Object.keys(good[0])) await symlink(`..data/${name}`, join(path, name));
  return { path, replace };
}

/** A directory, one file of which is replaced. */
async function createDirectory(files: Files) {
  const path = await mkdtemp(join(inject('faultDirectory'), 'policy-'));
  await write(path, ofOneFile(files));
  const file = join(path, 'policy.yaml');
  return {
    path,
    replace: async (next: Files) => {
      const text = next['policy.yaml'];
      if (text === undefined) return rm(file);
      await writeFile(join(path, '.next'), text);
      await rename(join(path, '.next'), file);
    },
  };
}

async function write(folder: string, files: Files): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
}

async function hashOf(files: Files): Promise<string> {
  const folder = await mkdtemp(join(inject('faultDirectory'), 'good-'));
  await write(folder, files);
  return (await loadPolicy([folder])).hash;
}

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres.remove());

interface Reloaded {
  readonly outcome: 'changed' | 'unchanged' | 'failed';
  readonly hash: string;
  readonly problems?: readonly string[];
}

async function reload({ operatorUrl }: Usher): Promise<Reloaded & { readonly status: number }> {
  const url = `${operatorUrl}/policy/reload`;
  const response = await fetch(url, { method: 'POST', headers: asOperator });
  return { status: response.status, ...((await response.json()) as Reloaded) };
}

async function textOf({ operatorUrl }: Usher, path: string): Promise<string> {
  return (await fetch(operatorUrl + path, { headers: asOperator })).text();
}

/** The problems of each log line about a policy with problems. */
const loggedFailures = ({ output }: Usher): readonly string[] =>
  output()
    .split('\n')
    .filter((line) => line.includes('the changed policy has problems'))
    .map((line) => (JSON.parse(line) as { readonly problems: string[] }).problems.join('\n'));

/** The hashes of the policies of all decisions since then. */
async function decidedBy(since: Date): Promise<readonly (string | null)[]> {
  const rows = await postgres.query<{ policy: string | null }>(
    'SELECT DISTINCT policy FROM audit_log WHERE at >= $1 ORDER BY policy',
    [since],
  );
  return rows.map(({ policy }) => policy);
}

describe.each([
  { mount: 'a ConfigMap', create: createConfigMap, files: (version: Files) => version },
  { mount: 'a directory', create: createDirectory, files: ofOneFile },
])('a policy in $mount', ({ mount, create, files: filesOf }) => {
  it('changes every 100 ms, every second time to an invalid one, and no request fails', async () => {
    const goodHashes = await Promise.all(good.map((version) => hashOf(filesOf(version))));
    const started = new Date();
    const directory = await create(good[0]);
    const usher = await startService({ DATABASE_URL: postgres.url, POLICY: directory.path });
    const visitors = startTraffic(guestRequest(usher), { visitors: 8, pause: 0 });
    const probes = startTraffic(operatorRequest(usher, '/readyz'), { visitors: 1 });
    const reasons: string[] = [];
    for (let round = 0; round < 50; round += 1) {
      const next = sleep(pace);
      const { files, problem } = broken[round % broken.length]!;
      await directory.replace(files);
      const refused = await reload(usher);
      expect(refused).toMatchObject({ status: 422, outcome: 'failed' });
      expect(goodHashes).toContain(refused.hash);
      expect(refused.problems?.join('\n')).toMatch(problem);
      reasons.push(refused.problems!.join('\n'));
      if (round < broken.length) {
        const metrics = await textOf(usher, '/metrics');
        expect(metrics).toContain('usher_policy_reload_failed 1');
        expect(metrics).toContain(`usher_policy_info{hash="${refused.hash}"} 1`);
        expect(JSON.parse(await textOf(usher, '/readyz'))).toMatchObject({ policy: 'outdated' });
      }
      await next;

      const after = sleep(pace);
      const which = (round + 1) % good.length;
      await directory.replace(good[which]!);
      expect(await reload(usher)).toMatchObject({ status: 200, hash: goodHashes[which] });
      await after;
    }
    expect(await textOf(usher, '/metrics')).toContain('usher_policy_reload_failed 0');
    await Promise.all([visitors.stop(), probes.stop()]);
    await usher.stop();

    expect(new Set(visitors.requests.map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(probes.requests.map(({ status }) => status))).toEqual(new Set([200]));
    const lost = await expectEveryGrantKept(visitors.requests, postgres);
    expect(await decidedBy(started)).toEqual(goodHashes.toSorted());
    expect(loggedFailures(usher)).toEqual(reasons);
    report({
      fault: `a policy that changes every ${pace} ms, every second time to a broken one, in ${mount}`,
      clientsSaw: seenBy(visitors.requests),
      lost,
      recovery: 'no interruption; the last good policy decides',
    });
  });
});

describe('SIGHUP', () => {
  it('loads the changed policy under load, and keeps the process', async () => {
    const directory = await createConfigMap(good[0]);
    const usher = await startService({ DATABASE_URL: postgres.url, POLICY: directory.path });
    const visitors = startTraffic(guestRequest(usher), { visitors: 8, pause: 0 });
    const goodHashes = await Promise.all(good.map(hashOf));
    const changes = 20;
    const started = Date.now();
    for (let round = 1; round <= changes; round += 1) {
      const which = round % good.length;
      await directory.replace(good[which]!);
      process.kill(usher.pid, 'SIGHUP');
      while (!(await textOf(usher, '/policy')).includes(goodHashes[which]!)) await sleep(10);
    }
    // The files are also read every two seconds, which cannot explain this number of changes.
    expect(Date.now() - started).toBeLessThan((changes / 2) * 2_000);
    await visitors.stop();
    await usher.stop();
    expect(new Set(visitors.requests.map(({ status }) => status))).toEqual(new Set([200]));
    await expectEveryGrantKept(visitors.requests, postgres);
  });
});

describe('without a call or a signal', () => {
  it('a changed policy is loaded, and an invalid one is reported', async () => {
    const directory = await createConfigMap(good[0]);
    const usher = await startService({ DATABASE_URL: postgres.url, POLICY: directory.path });
    const visitors = startTraffic(guestRequest(usher));
    const taken = await hashOf(good[1]);
    await directory.replace(good[1]);
    while (!(await textOf(usher, '/policy')).includes(taken)) await sleep(50);
    await directory.replace(broken[0]!.files);
    while (!(await textOf(usher, '/metrics')).includes('usher_policy_reload_failed 1')) {
      await sleep(50);
    }
    expect(await textOf(usher, '/policy')).toContain(taken);
    await visitors.stop();
    await usher.stop();
    expect(loggedFailures(usher)).toEqual([expect.stringMatching(broken[0]!.problem)]);
    expect(new Set(visitors.requests.map(({ status }) => status))).toEqual(new Set([200]));
  });
});

import { WebSocket } from 'ws';
import {
  probeDependencies,
  probeIssuers,
  type DependencyProbe,
} from '../../composition/commands/check-dependencies.ts';
import { doorProblems, doorUpstream } from '../../composition/commands/check-doors.ts';
import { assignmentProblems } from '../../composition/commands/check-issuers.ts';
import {
  checkSources,
  sourceProblems,
  type SourceCheck,
} from '../../composition/commands/check-sources.ts';
import type { Config } from '../../config/load.ts';
import type { Policy } from '../../policy/policy.ts';
import { requestChannels } from '../../pusher/http-api.ts';
import { describeOutage } from '../network-errors.ts';
import { fail, pass, unknown, type CheckResult } from './check.ts';
import type { DoctorDeps, NamedResult } from './run-checks.ts';

const handshakeTimeoutMs = 5_000;

/** Checks every server that the configuration and the policy name. */
export async function checkDependencies(
  config: Config,
  policy: Policy | undefined,
  deps: DoctorDeps,
): Promise<readonly NamedResult[]> {
  const upstreams = [...upstreamsOf(config, policy)];
  const probes = await Promise.all([
    probeDependencies(config, deps),
    ...config.tenantsApps.map(async ({ app }, i) => [
      { setting: `PUSHER_APPS item ${i + 1}`, ...appFault(await requestChannels(app)) },
    ]),
    ...upstreams.map(([setting, url]) => probeUpstream(setting, url)),
  ]);
  const issuers = policy ? await checkIssuers(policy, config, deps) : [];
  const facts = policy ? await checkFacts(policy, config) : [];
  const doors = policy ? checkDoors(policy, config) : [];
  return [...probes.flat().map(toResult), ...issuers, ...facts, ...doors];
}

/** The WebSocket servers behind Usher, by the variable that names each. */
function upstreamsOf(config: Config, policy: Policy | undefined): ReadonlyMap<string, URL> {
  const { chatServer, host } = config.webSockets;
  const upstreams = new Map<string, URL>();
  if (chatServer) upstreams.set('WS_UPSTREAM', chatServer);
  if (host) upstreams.set('SESSION_WS_UPSTREAM', host);
  if (policy === undefined) return upstreams;
  for (const door of policy.doors.values()) {
    const url = doorUpstream({ door, policy }, config);
    if (url) upstreams.set(door.upstream.env, url);
  }
  return upstreams;
}

async function checkIssuers(
  policy: Policy,
  config: Config,
  deps: DoctorDeps,
): Promise<readonly NamedResult[]> {
  const keys = await probeIssuers(policy, config, deps);
  const problems = assignmentProblems(policy, config);
  const assignment = {
    name: 'each token fits one issuer, and each setting of tokens has an effect',
    result: fail(`${problems.join('; ')}.`, 'Correct the policy or the settings.'),
  };
  return [...keys.map(toIssuerResult), ...(problems.length > 0 ? [assignment] : [])];
}

function checkDoors(policy: Policy, config: Config): readonly NamedResult[] {
  return startProblems(doorProblems(policy, config), {
    name: 'the doors of the policy have addresses',
    remedy: 'Correct the variable, or `doors` of the policy',
  });
}

/** The failed check for problems with which Usher does not start; empty without them. */
function startProblems(
  problems: readonly string[],
  { name, remedy }: { readonly name: string; readonly remedy: string },
): readonly NamedResult[] {
  if (problems.length === 0) return [];
  const result = fail(`${problems.join('; ')}.`, `${remedy}; Usher does not start.`);
  return [{ name, result }];
}

async function checkFacts(policy: Policy, config: Config): Promise<readonly NamedResult[]> {
  const problems = startProblems(await sourceProblems(policy, config), {
    name: 'the sources of the policy have URLs',
    remedy: 'Set the variable, or correct `sources` of the policy',
  });
  if (problems.length > 0) return problems;
  return withoutRepeats(await checkSources(policy, config)).map((each) => ({
    name: `the source ${each.source} can be queried for the ${each.name}`,
    result: resultOf(each),
  }));
}

/** One result for all that a source fails with the same error: a server that is down would fail each of its facts. */
function withoutRepeats(checks: readonly SourceCheck[]): readonly SourceCheck[] {
  const merged = new Map<string, SourceCheck>();
  for (const each of checks) {
    const { name, source, error, grants } = each;
    const key = error === undefined ? name : describeOutage(error);
    const known = merged.get(`${source} ${key}`);
    merged.set(`${source} ${key}`, {
      ...each,
      name: known === undefined ? name : `${known.name}, ${name}`,
      grants: [...new Set([...(known?.grants ?? []), ...grants])],
    });
  }
  return [...merged.values()];
}

function resultOf({ error, skipped, grants }: SourceCheck): CheckResult {
  if (skipped !== undefined) return unknown(skipped);
  if (error === undefined) return pass;
  const remedy =
    grants.length === 0
      ? 'Correct the path, the source or its token'
      : `Correct the query, the source or its role (${grants.join(' ')})`;
  return fail(
    `It cannot be used: ${describeOutage(error)}.`,
    `${remedy}; requests that need it get a 503.`,
  );
}

function toIssuerResult({ setting, error }: DependencyProbe): NamedResult {
  return {
    name: `${setting} has keys that verify tokens`,
    result:
      error === undefined
        ? pass
        : fail(
            `They cannot be used: ${describeOutage(error)}.`,
            `Correct \`keys\` of the ${setting} in the policy, or that server; tokens of this issuer get a 503.`,
          ),
  };
}

function toResult({ setting, error }: DependencyProbe): NamedResult {
  const name = `${setting} names an available server`;
  if (error === undefined) return { name, result: pass };
  const reason = describeOutage(error);
  const remedy = afterConnecting.test(reason)
    ? `Correct ${setting}, the settings of its tables and columns, or the permissions of its login.`
    : `Correct ${setting} or that server; this machine must be able to connect to it.`;
  return { name, result: fail(`It cannot be used: ${reason}.`, remedy) };
}

/** The ends of descriptions of errors that only a connected login gets: a schema, table or column is missing or not readable. */
const afterConnecting =
  /\((?:3F000|42P01|42703|42501|ER_NO_SUCH_TABLE|ER_BAD_FIELD_ERROR|ER_(?:TABLE|COLUMN)ACCESS_DENIED_ERROR)\)$/;

function appFault(response: Awaited<ReturnType<typeof requestChannels>>): {
  readonly error?: Error;
} {
  if ('fault' in response) return { error: Object.assign(new Error(), { code: response.fault }) };
  if (response.status === 200) return {};
  return { error: new Error(`the HTTP API responds with ${response.status} for that app`) };
}

/** Statuses of a proxy whose server does not respond. */
const withoutServer: readonly number[] = [502, 503, 504];

/** Any other response passes: an upstream may refuse this handshake, and Django Channels answers a path of no consumer with 500. */
function probeUpstream(setting: string, url: URL): Promise<readonly DependencyProbe[]> {
  return new Promise((resolve) => {
    const socket = new WebSocket(url, { handshakeTimeout: handshakeTimeoutMs });
    const settle = (error?: Error) => {
      socket.terminate();
      resolve([{ setting, ...(error && { error }) }]);
    };
    socket.on('open', () => {
      settle();
    });
    socket.on('unexpected-response', (_request, { statusCode = 0 }) => {
      settle(
        withoutServer.includes(statusCode)
          ? new Error(`it responds to a handshake with ${statusCode}`)
          : undefined,
      );
    });
    socket.on('error', settle);
  });
}

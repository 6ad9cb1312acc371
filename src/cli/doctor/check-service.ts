import type { Config } from '../../config/load.ts';
import { isDemoApp } from '../../config/pusher.ts';
import { tryLoad } from '../policy/load.ts';
import type { ServiceEvidence } from './check.ts';
import { policyChecks } from './checks/policy.ts';
import { pusherServerChecks } from './checks/pusher-server.ts';
import { checkDependencies } from './dependencies.ts';
import { pageOrigin } from './page-origin.ts';
import { policyEvidence } from './probe-policy.ts';
import { probeServer } from './probe-server.ts';
import type { DoctorDeps, NamedResult } from './run-checks.ts';

/** The policy of the running process, as `GET /policy` returns it. */
interface RunningPolicy {
  readonly hash: string;
  readonly problems: readonly string[] | undefined;
}

/**
 * Runs the checks that need neither the address of a page nor a credential: of the Pusher server, the policy and the
 * dependencies. A failed check does not throw.
 */
export async function checkService(
  config: Config,
  running: RunningPolicy,
  deps: DoctorDeps,
): Promise<readonly NamedResult[]> {
  const { pusher: app } = config;
  const origin = pageOrigin(config);
  const loaded = await tryLoad(config.policy);
  const { hash, problems } = running;
  const response = { status: 200, headers: new Headers(), json: { hash, problems }, tookMs: 0 };
  const evidence: ServiceEvidence = {
    settings: { dialect: app.dialect, tls: app.tls, key: app.key, origin },
    server: isDemoApp(app) ? undefined : await probeServer(app, origin),
    policy: await policyEvidence(loaded, response, deps.now),
    now: deps.now(),
  };
  const checks = [...pusherServerChecks, ...policyChecks];
  const policy = 'policy' in loaded ? loaded.policy : undefined;
  return [
    ...checks.map(({ name, run }) => ({ name, result: run(evidence) })),
    ...(await checkDependencies(config, policy, deps)),
  ];
}

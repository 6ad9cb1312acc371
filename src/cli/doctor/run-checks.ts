import type { Config } from '../../config/load.ts';
import { isDemoApp } from '../../config/pusher.ts';
import { checkDependencies } from './dependencies.ts';
import { allowsOrigin, namesOrigin } from '../../runtime/network/allowed-origins.ts';
import { isFault, type DoctorCheck, type CheckResult, type Evidence } from './check.ts';
import { authorizationChecks } from './checks/authorization.ts';
import { corsChecks } from './checks/cors.ts';
import { policyChecks } from './checks/policy.ts';
import { pusherServerChecks } from './checks/pusher-server.ts';
import { usherChecks } from './checks/usher.ts';
import type { Progress } from '../progress.ts';
import { tryLoad, type Loaded } from '../policy/load.ts';
import { pageOrigin } from './page-origin.ts';
import { probePolicy } from './probe-policy.ts';
import { attemptAuth, probeServer, signIn, subscribe } from './probe-server.ts';
import { connectPusher } from './pusher-socket.ts';
import {
  defaultAuthPath,
  post,
  probeUsher,
  type ProbeDeps,
  type AuthRequest,
} from './probe-usher.ts';
import { checkSession } from './session.ts';
import { appFor, subjectsOf, type SubjectOptions } from './subject.ts';

/** Usher's public address, the origin of the page, and a subject with a credential. */
export interface CheckOptions extends SubjectOptions {
  readonly usherUrl: string;
  readonly origin?: string | undefined;
}

export type DoctorDeps = Pick<ProbeDeps, 'fetch' | 'now'>;

export interface NamedResult {
  readonly name: string;
  readonly result: CheckResult;
}

/** In the order of their dependencies: if a check fails, later ones may fail for the same reason. */
const checks: readonly DoctorCheck[] = [
  ...pusherServerChecks,
  ...usherChecks,
  ...policyChecks,
  ...corsChecks,
  ...authorizationChecks,
];

/**
 * Runs all checks of a page, Usher, its dependencies and the Pusher server, and shows which part is checked. A failed check does
 * not throw.
 */
export async function runChecks(
  config: Config,
  options: CheckOptions,
  { show = () => undefined, ...deps }: DoctorDeps & Partial<Pick<Progress, 'show'>>,
): Promise<readonly NamedResult[]> {
  show('checking the policy');
  const loaded = await tryLoad(config.policy);
  const policy = 'policy' in loaded ? loaded.policy : undefined;
  const evidence = await gatherEvidence(config, { ...options, loaded }, { ...deps, show });
  show('checking the servers in the settings');
  const { session } = options;
  return [
    ...checks.map(({ name, run }) => ({ name, result: run(evidence) })),
    ...(await checkDependencies(config, policy, deps)),
    ...(session === undefined ? [] : [await checkSession(session, config.sessions, deps)]),
  ];
}

async function gatherEvidence(
  config: Config,
  { loaded, ...options }: CheckOptions & { readonly loaded: Loaded },
  { fetch, now, show }: DoctorDeps & Pick<Progress, 'show'>,
): Promise<Evidence> {
  const policy = 'policy' in loaded ? loaded.policy : undefined;
  const app = appFor(options, config, policy);
  const { usherUrl, authPath = defaultAuthPath } = options;
  const origin = options.origin ?? pageOrigin(config);
  const probeDeps = { usherUrl, origin, fetch, now };
  const subjects = policy && (await subjectsOf(options, config, { policy, now }));
  const { subscriber, user } = subjects ?? {};
  show('checking the Pusher server');
  const server = isDemoApp(app) ? undefined : await probeServer(app, origin);
  const connect =
    server === undefined || isFault(server.greeting) ? undefined : () => connectPusher(app, origin);
  const request = (form: AuthRequest) => (socketId: string) =>
    post(probeDeps, { ...form, fields: { ...form.fields, socket_id: socketId } });
  show(`checking Usher at ${usherUrl}`);
  return {
    settings: {
      dialect: app.dialect,
      tls: app.tls,
      key: app.key,
      origin,
      usherUrl,
      authPath,
      originAllowed: allowsOrigin(config.allowedOrigins, origin ?? ''),
      originNamed: namesOrigin(config.allowedOrigins, origin ?? ''),
    },
    server,
    usher: await probeUsher(probeDeps, authPath),
    policy: await probePolicy(loaded, config, { fetch, now }),
    channel:
      subscriber &&
      (await attemptAuth(connect, request(subscriber.form), (socket, signed) =>
        subscribe(socket, subscriber.channel, signed),
      )),
    signIn: user && (await attemptAuth(connect, request(user), signIn)),
    now: now(),
  };
}

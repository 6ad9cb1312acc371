import type { Config } from '../../config/load.ts';
import { isDemoApp } from '../../config/pusher.ts';
import { checkDependencies } from './dependencies.ts';
import { allowsOrigin, namesOrigin } from '../../runtime/network/allowed-origins.ts';
import { isFault, type Evidence } from './evidence.ts';
import type { CheckResult } from './check-result.ts';
import { attemptAuth, probeServer, signIn, subscribe } from './probe-server.ts';
import { post, probeUsher, type ProbeDeps, type AuthRequest } from './probe-usher.ts';
import { appFor, subjectsOf, type SubjectOptions } from './subject.ts';
import { checks } from './all-checks.ts';

/** What is to be examined: Usher as browsers reach it, and somebody to ask as. */
export interface CheckOptions extends SubjectOptions {
  readonly usherUrl: string;
  readonly origin?: string | undefined;
}

/** The network, and the time in milliseconds since the epoch. */
export type DoctorDeps = Pick<ProbeDeps, 'fetch' | 'now'>;

/** One check and what it found. */
export interface NamedResult {
  readonly name: string;
  readonly result: CheckResult;
}

/** Looks at everything that can be wrong between a page, Usher and the Pusher server; throws for nothing that it finds. */
export async function runChecks(
  config: Config,
  options: CheckOptions,
  deps: DoctorDeps,
): Promise<readonly NamedResult[]> {
  const evidence = await gatherEvidence(config, options, deps);
  return [
    ...checks.map(({ name, run }) => ({ name, result: run(evidence) })),
    ...(await checkDependencies(config, deps)),
  ];
}

async function gatherEvidence(
  config: Config,
  options: CheckOptions,
  { fetch, now }: DoctorDeps,
): Promise<Evidence> {
  const app = appFor(options, config);
  const { usherUrl } = options;
  const origin = options.origin ?? originIn(config);
  const probeDeps = { usherUrl, origin, fetch, now };
  const { visitor, user } = await subjectsOf(options, config, now);
  const server = isDemoApp(app) ? undefined : await probeServer(app);
  const reachableApp = server === undefined || isFault(server.greeting) ? undefined : app;
  const request = (form: AuthRequest) => (socketId: string) =>
    post(probeDeps, { ...form, fields: { ...form.fields, socket_id: socketId } });
  return {
    settings: {
      ...{ dialect: app.dialect, tls: app.tls, key: app.key, origin, usherUrl },
      originAllowed: allowsOrigin(config.allowedOrigins, origin ?? ''),
      originNamed: namesOrigin(config.allowedOrigins, origin ?? ''),
    },
    server,
    usher: await probeUsher(probeDeps),
    channel:
      visitor &&
      (await attemptAuth(reachableApp, request(visitor.form), (socket, signed) =>
        subscribe(socket, visitor.channel, signed),
      )),
    signIn: user && (await attemptAuth(reachableApp, request(user), signIn)),
    now: now(),
  };
}

/** Where every page may ask, any will do, and so will any label for a wildcard. */
function originIn({ allowedOrigins: [first] }: Config): string | undefined {
  return first === '*' ? 'https://usher-doctor.example' : first?.replace('*', 'usher-doctor');
}

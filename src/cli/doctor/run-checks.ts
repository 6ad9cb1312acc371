import type { Config } from '../../config/load.ts';
import { isDemoApp } from '../../config/pusher.ts';
import { examineDependencies } from './dependencies.ts';
import { allowsOrigin, namesOrigin } from '../../runtime/network/allowed-origins.ts';
import { isFault, type Evidence } from './evidence.ts';
import type { Finding } from './check-result.ts';
import { enter, probeServer, signIn, subscribe } from './probe-server.ts';
import { post, probeUsher, type Asking, type Form } from './probe-usher.ts';
import { appFor, subjectsOf, type Given } from './subject.ts';
import { symptoms } from './all-checks.ts';

/** What is to be examined: Usher as browsers reach it, and somebody to ask as. */
export interface Examination extends Given {
  readonly usherUrl: string;
  readonly origin?: string | undefined;
}

/** The network, and the time in milliseconds since the epoch. */
export type Instruments = Pick<Asking, 'fetch' | 'now'>;

/** One check and what it found. */
export interface Examined {
  readonly name: string;
  readonly finding: Finding;
}

/** Looks at everything that can be wrong between a page, Usher and the Pusher server; throws for nothing that it finds. */
export async function examine(
  config: Config,
  wanted: Examination,
  instruments: Instruments,
): Promise<readonly Examined[]> {
  const evidence = await gather(config, wanted, instruments);
  return [
    ...symptoms.map(({ name, look }) => ({ name, finding: look(evidence) })),
    ...(await examineDependencies(config, instruments)),
  ];
}

async function gather(
  config: Config,
  wanted: Examination,
  { fetch, now }: Instruments,
): Promise<Evidence> {
  const app = appFor(wanted, config);
  const { usherUrl } = wanted;
  const origin = wanted.origin ?? originIn(config);
  const asking = { usherUrl, origin, fetch, now };
  const { visitor, user } = await subjectsOf(wanted, config, now);
  const server = isDemoApp(app) ? undefined : await probeServer(app);
  const reached = server === undefined || isFault(server.greeting) ? undefined : app;
  const ask = (form: Form) => (socketId: string) =>
    post(asking, { ...form, fields: { ...form.fields, socket_id: socketId } });
  return {
    settings: {
      ...{ dialect: app.dialect, tls: app.tls, key: app.key, origin, usherUrl },
      originAllowed: allowsOrigin(config.allowedOrigins, origin ?? ''),
      originNamed: namesOrigin(config.allowedOrigins, origin ?? ''),
    },
    server,
    usher: await probeUsher(asking),
    channel:
      visitor &&
      (await enter(reached, ask(visitor.form), (socket, signed) =>
        subscribe(socket, visitor.channel, signed),
      )),
    signIn: user && (await enter(reached, ask(user), signIn)),
    now: now(),
  };
}

/** Where every page may ask, any will do, and so will any label for a wildcard. */
function originIn({ allowedOrigins: [first] }: Config): string | undefined {
  return first === '*' ? 'https://usher-doctor.example' : first?.replace('*', 'usher-doctor');
}

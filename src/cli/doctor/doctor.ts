import { loadConfig, type Config } from '../../config/load.ts';
import { systemClock } from '../../runtime/clock.ts';
import { UsageError, type AddCommand, type ReadInput } from '../command.ts';
import { addTokenOptions, readToken, type TokenOptions } from '../options.ts';
import { runChecks, type CheckOptions, type NamedResult } from './run-checks.ts';

interface DoctorOptions extends TokenOptions {
  readonly url?: string;
  readonly origin?: string;
  readonly channel?: string;
  readonly tenant?: string;
  readonly sessionStdin?: boolean;
}

/** Diagnoses an installation with the requests of a page. */
export const addDoctor: AddCommand = (program, { env, readInput, report, progress }) => {
  const command = program
    .command('doctor')
    .description('diagnose problems between a page, Usher and its dependencies')
    .option('--url <url>', 'address of Usher as browsers reach it, or authEndpoint of the page')
    .option('--origin <origin>', 'origin of the page, such as https://app.example')
    .option(
      '--channel <name>',
      'test the authorization of this channel, with a token or a session cookie',
    )
    .option('--tenant <id>', 'with --channel: the X-Tenant-ID of the request')
    .option(
      '--session-stdin',
      'read a session cookie, or a Cookie header, from standard input, and say which setting does not fit',
    );
  addTokenOptions(command).action(async (options: DoctorOptions) => {
    const config = loadConfig(env());
    const checkOptions = await checkOptionsOf(options, config, readInput);
    const { show } = progress;
    const results = await runChecks(config, checkOptions, { fetch, now: systemClock.now, show });
    report({
      printed: results.map(formatResult).join('\n'),
      passed: results.every(({ result }) => result.status !== 'fail'),
    });
  });
};

async function checkOptionsOf(
  options: DoctorOptions,
  config: Config,
  readInput: ReadInput,
): Promise<CheckOptions> {
  const { url = ownUrl(config), channel, sessionStdin = false, ...rest } = options;
  if (sessionStdin && options.tokenStdin === true) {
    throw new UsageError('give one of --session-stdin and --token-stdin');
  }
  const token = await readToken(options, readInput);
  const session = sessionStdin ? (await readInput()).trim() : undefined;
  const hasCredential = token !== undefined || session !== undefined;
  if (channel === undefined ? token !== undefined : !hasCredential) {
    throw new UsageError(
      '--channel requires a token (--token-stdin or --token) or a session cookie (--session-stdin), and a token requires --channel',
    );
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError('--url must begin with http:// or https://');
  }
  return { ...rest, channel, token, session, ...addressOf(url) };
}

/** The address of Usher, and the path at which the page requests authorization, if the address ends with it. */
function addressOf(url: string): Pick<CheckOptions, 'usherUrl' | 'authPath'> {
  const [, usherUrl = '', authPath] =
    /^(.*?)((?:\/api)?\/broadcasting\/auth|\/pusher\/auth)?\/*$/.exec(url) ?? [];
  return { usherUrl, ...(authPath !== undefined && { authPath }) };
}

function ownUrl({ listen: { host, port } }: Config): string {
  if (port === 0) throw new UsageError('PORT is 0, so --url is required');
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function formatResult({ name, result }: NamedResult): string {
  switch (result.status) {
    case 'pass':
      return `✓ ${name}`;
    case 'unknown':
      return `– ${name}: ${result.reason}`;
    case 'fail':
      return `✗ ${name}\n    ${result.problem}\n    ${result.remedy}`;
  }
}

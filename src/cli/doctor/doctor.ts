import { loadConfig, type Config } from '../../config/load.ts';
import { systemClock } from '../../runtime/clock.ts';
import { UsageError } from '../command-error.ts';
import type { AddCommand, ReadInput } from '../context.ts';
import { addTokenOptions, readToken, type TokenOptions } from '../token-option.ts';
import { runChecks, type CheckOptions, type NamedResult } from './run-checks.ts';

/** What is given on the command line. */
interface DoctorOptions extends TokenOptions {
  readonly url?: string;
  readonly origin?: string;
  readonly channel?: string;
  readonly tenant?: string;
}

/** Finds out why channels do not work, by asking what a page asks. */
export const addDoctor: AddCommand = (program, { env, readInput, report }) => {
  const command = program
    .command('doctor')
    .description('diagnose problems between a page, Usher and its dependencies')
    .option('--url <url>', 'address of Usher as browsers reach it')
    .option('--origin <origin>', 'origin of the page, such as https://app.example')
    .option('--channel <name>', 'ask for this channel, with a token')
    .option('--tenant <id>', 'with --channel: the X-Tenant-ID of the request');
  addTokenOptions(command).action(async (options: DoctorOptions) => {
    const config = loadConfig(env());
    const checkOptions = await checkOptionsOf(options, config, readInput);
    const results = await runChecks(config, checkOptions, { fetch, now: systemClock.now });
    report({
      printed: results.map(formatResult).join('\n'),
      passed: results.every(({ result }) => result.status !== 'ill'),
    });
  });
};

async function checkOptionsOf(
  options: DoctorOptions,
  config: Config,
  readInput: ReadInput,
): Promise<CheckOptions> {
  const { url = ownUrl(config), channel, ...rest } = options;
  const token = await readToken(options, readInput);
  if ((channel === undefined) !== (token === undefined)) {
    throw new UsageError('--channel and a token (--token-stdin or --token) go together');
  }
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError('--url must begin with http:// or https://');
  }
  return { ...rest, channel, token, usherUrl: url.replace(/\/+$/, '') };
}

function ownUrl({ listen: { host, port } }: Config): string {
  if (port === 0) throw new UsageError('PORT is 0, so --url is required');
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function formatResult({ name, result }: NamedResult): string {
  switch (result.status) {
    case 'well':
      return `✓ ${name}`;
    case 'unknown':
      return `– ${name}: ${result.reason}`;
    case 'ill':
      return `✗ ${name}\n    ${result.problem}\n    ${result.remedy}`;
  }
}

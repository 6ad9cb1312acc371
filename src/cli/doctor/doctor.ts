import { parseArgs } from 'node:util';
import { systemClock } from '../../clock.ts';
import { loadConfig, type Config } from '../../config/load.ts';
import { UsageError, type Command, type ReadInput } from '../command.ts';
import { tokenGiven, tokenOptions, tokenUsage } from '../token-given.ts';
import { examine, type Examination, type Examined } from './examine.ts';

const usage = `doctor [--url https://…] [--origin https://…] [--channel C ${tokenUsage} [--tenant ID]]
                            say what is wrong between a page, Usher and the Pusher server`;

/** Finds out why channels do not work, by asking what a page asks. */
export const doctor: Command = {
  usage,
  run: async (args, env, readInput) => {
    const config = loadConfig(env);
    const wanted = await examinationOf(args, config, readInput);
    const examined = await examine(config, wanted, { fetch, now: systemClock.now });
    return {
      printed: examined.map(told).join('\n'),
      passed: examined.every(({ finding }) => finding.is !== 'ill'),
    };
  },
};

async function examinationOf(
  args: readonly string[],
  config: Config,
  readInput: ReadInput,
): Promise<Examination> {
  const given = options(args);
  const token = await tokenGiven(given, readInput);
  if ((given.channel === undefined) !== (token === undefined)) throw new UsageError(usage);
  if (given.url !== undefined && !/^https?:\/\//.test(given.url)) throw new UsageError(usage);
  return { ...given, token, usherUrl: (given.url ?? ownUrl(config)).replace(/\/+$/, '') };
}

function options(args: readonly string[]) {
  const option = { type: 'string' } as const;
  try {
    const names = { url: option, origin: option, channel: option, tenant: option };
    return parseArgs({ args: [...args], strict: true, options: { ...names, ...tokenOptions } })
      .values;
  } catch {
    throw new UsageError(usage);
  }
}

function ownUrl({ listen: { host, port } }: Config): string {
  if (port === 0) throw new UsageError('PORT is 0: say with --url where Usher is');
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

function told({ name, finding }: Examined): string {
  switch (finding.is) {
    case 'well':
      return `✓ ${name}`;
    case 'unknown':
      return `– ${name}: ${finding.because}`;
    case 'ill':
      return `✗ ${name}\n    ${finding.wrong}\n    ${finding.change}`;
  }
}

import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { exitCodes } from '../exit-codes.ts';
import { addChannels } from './channels.ts';
import { addCheckConfig } from './check-config.ts';
import type { AddCommand, Context } from './context.ts';
import { addDoctor } from './doctor/doctor.ts';
import { addExplain } from './explain.ts';
import { addMintToken } from './mint-token.ts';
import { addPolicyTest } from './policy-test/policy-test.ts';
import { addPrune } from './prune.ts';
import { addRevoke } from './revoke.ts';
import { addExport, addImport } from './transfer.ts';

const addServe: AddCommand = (program) => {
  program
    .command('serve')
    .description('run Usher; it takes its settings from the environment')
    .action(async () => {
      await import('../main.ts');
    });
};

const commands = [
  ...[addServe, addCheckConfig, addDoctor, addExplain],
  ...[addChannels, addMintToken, addRevoke, addPrune, addPolicyTest],
  ...[addExport, addImport],
];

const exitCodesHelp = `
Exit codes:
  ${exitCodes.done}  done: granted, or every check passed
  ${exitCodes.refused}  no: refused, not found, a check failed, or the configuration must be changed
  ${exitCodes.usage}  the command line is wrong
  ${exitCodes.unavailable}  a dependency did not answer, such as the database`;

/** Builds the `usher` program. Parsing throws `CommanderError` in place of ending the process. */
export function createProgram(context: Context): Command {
  const program = new Command('usher')
    .description('Decides who may enter a real-time channel.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .addHelpText('after', exitCodesHelp)
    .configureOutput({
      ...context.output,
      outputError: (text, write) => {
        write(withoutValues(text));
      },
    })
    .exitOverride();
  for (const add of commands) add(program, context);
  program.commands.forEach(pointToHelp);
  pointToHelp(program);
  return program;
}

/** A token that was mistyped as `--token-stdin=eyJ…` must not reach the log of a CI job. */
function withoutValues(text: string): string {
  return text.replace(/(--[\w-]+)=[^\s']*/g, '$1=…');
}

function pointToHelp(command: Command): void {
  const words = [command.parent?.name(), command.name()].filter((name) => name !== undefined);
  command.showHelpAfterError(`'${words.join(' ')} --help' lists what there is.`);
}

/** `package.json` stands above `src/` and above `dist/`. */
function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

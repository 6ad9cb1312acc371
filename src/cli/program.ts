import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { packagePath } from '../runtime/package-path.ts';
import { exitCodes } from '../exit-codes.ts';
import { addChannels } from './channels.ts';
import { addCheckConfig } from './check-config.ts';
import type { AddCommand, Context } from './command.ts';
import { addDoctor } from './doctor/doctor.ts';
import { addExplain } from './explain.ts';
import { addMintToken } from './mint-token.ts';
import { addPolicyTestAlias, addPolicyTest } from './policy/test.ts';
import { addPrune } from './prune.ts';
import { addRevoke } from './revoke.ts';
import { addExport, addImport } from './transfer.ts';
import { addPolicyCheck } from './policy/check.ts';
import { addPolicyInit } from './policy/init.ts';
import { addPolicyShow } from './policy/show.ts';
import { addShadowReport } from './shadow/report.ts';

const addServe: AddCommand = (program) => {
  program
    .command('serve')
    .description('run Usher, with settings from the environment')
    .action(async () => {
      await import('../main.ts');
    });
};

const addPolicy: AddCommand = (program, context) => {
  const policy = program.command('policy').description('check, test, show or create a policy');
  for (const add of [addPolicyCheck, addPolicyTest, addPolicyShow, addPolicyInit]) {
    add(policy, context);
  }
};

const addShadow: AddCommand = (program, context) => {
  const shadow = program.command('shadow').description('compare rules with the application');
  addShadowReport(shadow, context);
};

const commands = [
  addServe,
  addCheckConfig,
  addDoctor,
  addExplain,
  addPolicy,
  addPolicyTestAlias,
  addChannels,
  addShadow,
  addMintToken,
  addRevoke,
  addPrune,
  addExport,
  addImport,
];

const exitCodesHelp = `
Exit codes:
  ${exitCodes.done}  success: granted, or every check passed
  ${exitCodes.refused}  failure: refused, not found, a check failed, or the configuration must be changed
  ${exitCodes.usage}  the command line is wrong
  ${exitCodes.unavailable}  a dependency is unavailable, such as the database`;

/** Parsing throws `CommanderError` instead of ending the process. */
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

/** The token of a mistyped `--token-stdin=eyJ…` must not get into the log of a CI job. */
function withoutValues(text: string): string {
  return text.replace(/(--[\w-]+)=[^\s']*/g, '$1=…');
}

function pointToHelp(command: Command): void {
  const words = [command.parent?.name(), command.name()].filter((name) => name !== undefined);
  command.showHelpAfterError(`'${words.join(' ')} --help' lists commands and options.`);
}

function ownVersion(): string {
  const text = readFileSync(packagePath('package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

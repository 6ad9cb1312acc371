import { CommanderError } from 'commander';
import { exitCodeFor, exitCodes } from '../exit-codes.ts';
import { CommandError, UsageError, type Context } from './command.ts';
import { formatError } from './format-error.ts';
import { createProgram } from './program.ts';

/** Runs one command line and resolves to its exit code. Never rejects: errors are printed. */
export async function run(
  args: readonly string[],
  context: Omit<Context, 'report'>,
): Promise<number> {
  const { writeOut, writeErr } = context.output;
  let exitCode: number = exitCodes.done;
  const report: Context['report'] = (result) => {
    const { printed, passed } =
      typeof result === 'object' ? result : { printed: result, passed: true };
    context.progress.clear();
    writeOut(`${printed}\n`);
    if (!passed) exitCode = exitCodes.refused;
  };
  try {
    const program = createProgram({ ...context, report });
    await program.parseAsync(args.length > 0 ? args : ['--help'], { from: 'user' });
    return exitCode;
  } catch (error) {
    context.progress.clear();
    if (error instanceof CommanderError) return codeOfParser(error, writeErr);
    writeErr(`${formatCommandError(error)}\n`);
    return error instanceof CommandError ? error.exitCode : exitCodeFor(error);
  }
}

/** The parser has already printed help, the version or the error. */
function codeOfParser({ exitCode, code }: CommanderError, writeErr: (text: string) => void) {
  if (exitCode === 0) return exitCodes.done;
  if (code === 'commander.help') writeErr('\nerror: a command is missing\n');
  return exitCodes.usage;
}

function formatCommandError(error: unknown): string {
  if (error instanceof UsageError) return `error: ${error.message}`;
  return error instanceof CommandError ? error.message : formatError(error);
}

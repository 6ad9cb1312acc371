import type { Command } from 'commander';
import { UsageError } from './command.ts';

/** The values of the options that a policy defines, by name. */
type PolicyOptions = Readonly<Record<string, string>>;

/** Lets a command take options whose names the policy defines, such as `--school north`. */
export function acceptPolicyOptions(command: Command): Command {
  return command.allowUnknownOption().allowExcessArguments();
}

/**
 * Parses the arguments that the command does not define as `--name value` or `--name=value`. Throws `UsageError` for anything
 * else and for a name that is not among these.
 */
export function parsePolicyOptions(
  args: readonly string[],
  names: readonly string[],
): PolicyOptions {
  const options: Record<string, string> = {};
  for (let i = 0; i < args.length; i += 1) {
    const [, name = '', joined] = /^--([a-z_][A-Za-z0-9_]*)(?:=(.*))?$/s.exec(args[i] ?? '') ?? [];
    if (!names.includes(name)) throw new UsageError(unknownOption(name, names));
    const value = joined ?? args[(i += 1)];
    if (value === undefined || Object.hasOwn(options, name)) {
      throw new UsageError(`--${name} must be given once, with a value`);
    }
    if (value === '') throw new UsageError(`--${name} is empty`);
    options[name] = value;
  }
  return options;
}

/** The message does not repeat an argument, which may be a token. */
function unknownOption(name: string, names: readonly string[]): string {
  const known = names.map((each) => `--${each}`).join(', ');
  const what = name === '' ? 'an argument is not an option' : `unknown option '--${name}'`;
  return known === '' ? what : `${what}; the policy defines ${known}`;
}

#!/usr/bin/env node
import { text } from 'node:stream/consumers';
import { withDotenv } from '../config/dotenv.ts';
import { sentenceFor } from '../sentence.ts';
import { channels } from './channels.ts';
import { checkConfig } from './check-config.ts';
import { doctor } from './doctor/doctor.ts';
import { explain } from './explain.ts';
import { mintToken } from './mint-token.ts';
import { policyTest } from './policy-test/policy-test.ts';
import { prune } from './prune.ts';
import { revoke } from './revoke.ts';
import { UsageError, type Command } from './command.ts';

const commands: Readonly<Record<string, Command>> = {
  serve: {
    usage: 'serve                     run Usher',
    run: async () => {
      await import('../main.ts');
      return undefined;
    },
  },
  'mint-token': mintToken,
  'check-config': checkConfig,
  revoke,
  channels,
  explain,
  doctor,
  'policy-test': policyTest,
  prune,
};

const [name = '', ...args] = process.argv.slice(2);
const command = Object.hasOwn(commands, name) ? commands[name] : undefined;

if (command === undefined) {
  console.error(
    `usher <command>\n${Object.values(commands)
      .map(({ usage }) => `  ${usage}`)
      .join('\n')}`,
  );
  process.exitCode = name === '' || name === '--help' || name === 'help' ? 0 : 2;
} else {
  try {
    const result = await command.run(args, withDotenv(process.env, '.env'), () =>
      text(process.stdin),
    );
    const { printed, passed } =
      typeof result === 'object' ? result : { printed: result, passed: true };
    if (printed !== undefined) console.log(printed);
    if (!passed) process.exitCode = 1;
  } catch (error) {
    console.error(error instanceof UsageError ? error.message : sentenceFor(error));
    process.exitCode = 1;
  }
}

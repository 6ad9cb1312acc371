import { loadConfig } from '../config/load.ts';
import { formatMisspelt } from '../config/misspelt.ts';
import type { AddCommand } from './command.ts';

export const addCheckConfig: AddCommand = (program, { env, report, output }) => {
  program
    .command('check-config')
    .description('check the configuration and report its errors, without connecting to a server')
    .action(() => {
      for (const each of loadConfig(env()).misspelt) output.writeErr(`${formatMisspelt(each)}\n`);
      report('The configuration is complete.');
    });
};

import { loadConfig } from '../config/load.ts';
import type { AddCommand } from './context.ts';

/** Reads the configuration as `serve` would, and says what is wrong with it. */
export const addCheckConfig: AddCommand = (program, { env, report }) => {
  program
    .command('check-config')
    .description('check the configuration and say what is wrong with it; asks no server')
    .action(() => {
      loadConfig(env());
      report('The configuration is complete.');
    });
};

import { loadConfig } from '../config/load.ts';
import type { Command } from './command.ts';

/** Reads the configuration as `serve` would, and says what is wrong with it. */
export const checkConfig: Command = {
  usage: 'check-config              check the configuration and say what is wrong with it',
  run: (_args, env) => {
    loadConfig(env);
    return Promise.resolve('The configuration is complete.');
  },
};

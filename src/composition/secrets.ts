import type { Logger } from 'pino';
import { openCurrentConfig, type CurrentConfig } from '../config/current-config.ts';
import type { Config } from '../config/load.ts';

/** Opens the configuration, whose secrets in files may change, and logs their changes. */
export function buildConfigs(
  config: Config,
  { log, now }: { readonly log: Logger; readonly now: () => number },
): CurrentConfig {
  return openCurrentConfig(config, {
    now,
    onChanged: (settings) => {
      log.info({ settings }, 'changed secrets are in use');
    },
    onFailed: (setting, problem) => {
      log.error(
        { setting, problem },
        'the file of a secret cannot be used; its last good value stays in use',
      );
    },
  });
}

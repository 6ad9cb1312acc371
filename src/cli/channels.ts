import { loadConfig } from '../config/load.ts';
import { describeChannel } from '../policy/channel-type.ts';
import { loadPolicy } from '../policy/load-policy.ts';
import type { AddCommand } from './command.ts';
import { formatChannel } from './format.ts';

export const addChannels: AddCommand = (program, { env, report }) => {
  program
    .command('channels')
    .description('list all channel types with the credentials that they accept, and their checks')
    .action(async () => {
      const { channels } = await loadPolicy(loadConfig(env()).policy);
      report(
        channels.channelTypes
          .map((channelType) => formatChannel(describeChannel(channelType)))
          .join('\n'),
      );
    });
};

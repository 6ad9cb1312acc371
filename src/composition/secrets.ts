import type { Logger } from 'pino';
import { createChatServers, chatServersWithPrevious } from '../authn/chat-servers.ts';
import { openCurrentConfig, type CurrentConfig } from '../config/current-config.ts';
import type { Config } from '../config/load.ts';
import { createPusherApps, appsWithPrevious } from '../pusher/apps.ts';
import { webhookReaderWithPrevious, createWebhookReader } from '../pusher/webhooks/read-webhook.ts';

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

const pusherOf = ({ pusher, tenantsApps }: Config) => ({ pusher, tenantsApps });

/** Builds what is built again when the file of a secret changes. */
export function buildReloadable(configs: CurrentConfig) {
  const apps = configs.build({
    part: pusherOf,
    build: ({ pusher, tenantsApps }) => createPusherApps(pusher, tenantsApps),
  });
  const webhooks = configs.build({
    part: pusherOf,
    build: ({ pusher, tenantsApps }) =>
      createWebhookReader([pusher, ...tenantsApps.map(({ app }) => app)]),
  });
  const chatServers = configs.build({
    part: (each) => each.tickets.chatServers,
    build: createChatServers,
  });
  const operatorTokens = configs.build({
    part: (each) => each.operator.token,
    build: (token) => token,
  });
  return {
    apps: appsWithPrevious(apps),
    readWebhook: webhookReaderWithPrevious(webhooks),
    chatServers: chatServersWithPrevious(chatServers),
    operatorTokens: () => operatorTokens.all.filter((token) => token !== undefined),
  };
}

import { randomBytes, randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { createAuthenticateUser } from './actions/authenticate-user.ts';
import { createAuthorizeChannel, createDecideChannel } from './actions/authorize-channel.ts';
import { createAuthorizeChannels } from './actions/authorize-channels.ts';
import { createCountGrant } from './actions/count-grant.ts';
import { createEndGrants } from './actions/end-grants.ts';
import { createGuestSessionActions } from './actions/guest-sessions.ts';
import { createHoldGrant } from './actions/hold-grant.ts';
import { createIssueTicket } from './actions/issue-ticket.ts';
import { createRefusalLimit } from './actions/limit-refusals.ts';
import { createListChannels } from './actions/list-channels.ts';
import { createCheckTicket, createRedeemTicket } from './actions/redeem-ticket.ts';
import { createRefuseUnread } from './actions/refuse-unread.ts';
import { createRevoke } from './actions/revoke.ts';
import { createStillWelcome } from './actions/still-welcome.ts';
import { createTakeWebhook } from './actions/take-webhook.ts';
import { buildAudit } from './app-audit.ts';
import { buildIdentify } from './app-identify.ts';
import type { Storage } from './app-storage.ts';
import { traced, traceIdentify, traceRecord } from './app-tracing.ts';
import { watchTerminate } from './app-watch.ts';
import type { Dependencies } from './audit/dependencies.ts';
import { createLookups } from './audit/lookups.ts';
import { catalogue } from './channels/index.ts';
import type { Config } from './config/load.ts';
import type { Clock } from './core/timer.ts';
import type { Tracing } from './core/tracing.ts';
import { createChatServers } from './credentials/chat-servers.ts';
import type { LiveConnections } from './gateway/live-connections.ts';
import { addressKey } from './http/limits.ts';
import { createPusherApps } from './pusher/apps.ts';
import { createUserSigner } from './pusher/sign-user.ts';
import { createSigner } from './pusher/sign.ts';
import { createTerminate } from './pusher/terminate.ts';
import { createWebhookReader } from './pusher/webhooks.ts';
import { createFindDecision } from './resources/decisions.ts';
import { createGuestSessions } from './resources/guest-sessions.ts';
import { createOpenOwnPage } from './resources/own.ts';
import type { Stores } from './app-stores.ts';

/** What everything is built with. */
export interface Surroundings extends Clock {
  readonly storage: Storage;
  /** Where it is noted who answers. */
  readonly dependencies: Dependencies;
  readonly stores: Stores;
  readonly tracing: Tracing | undefined;
  readonly log: Logger;
  /** The WebSockets that are open here, for a revocation to end. */
  readonly live: LiveConnections;
  /** Aborted when Usher begins to close. */
  readonly closing: AbortSignal;
}

export type Actions = ReturnType<typeof buildActions>;

/** Builds the verbs, each with the ports that it needs and no others. */
export function buildActions(config: Config, around: Surroundings) {
  const { storage, stores, dependencies, tracing, now } = around;
  const { database } = storage;
  const pusherApps = [config.pusher, ...config.tenantsApps.map(({ app }) => app)];
  const apps = createPusherApps(config.pusher, config.tenantsApps);
  const signer = createSigner(apps, config.signing);
  const sessions = createGuestSessions(database);
  const tokenLookups = createLookups();
  const { closeHosts, ...built } = buildIdentify(config, { ...around, sessions, tokenLookups });
  const identify = traceIdentify(built.identify, tracing);
  const audit = buildAudit(config, { ...around, database, tables: stores.tables });
  const { recordSignal, recordRejected, reportExcess, metrics, figures, trail } = audit;
  const timed: typeof metrics.timed = (action, ask) =>
    metrics.timed(action, traced(tracing, `decide ${action}`, ask));
  const { revocations, liveGrants } = stores;
  const { limits, shared } = stores.limiting;
  if (shared) metrics.load.showLocal(shared.isLocal);
  const { countRefusal, record, recordForgery } = createRefusalLimit({
    ...{ ...config.limits, limits, addressKey, reportExcess, recordSignal, now },
    record: traceRecord(audit.record, tracing),
    countUnrecorded: metrics.load.countUnrecorded,
  });
  const countGrant = createCountGrant({ ...around, ...config.limits, limits, reportExcess });
  const hold = createHoldGrant({
    liveGrants,
    appOf: (tenantId) => apps.for(tenantId),
    now,
  });
  const terminate = watchTerminate(createTerminate(apps), dependencies);
  const endGrants = createEndGrants({
    ...{ ...around, liveGrants, terminate },
    policyOf: (appKey) => apps.withKey(appKey)?.terminatePolicy ?? 'retried',
  });
  metrics.dependencies.show(dependencies);
  metrics.showTokenLookups(tokenLookups.read);
  metrics.showFactLookups(stores.factLookups.read);
  const asked = { identify, revocations, hold, record, newId: randomUUID, now };
  const judging = { ...asked, countGrant, catalogue, find: stores.find, encrypts: signer.encrypts };
  // What is remembered is proved by the record, and a buffered one comes too late for that.
  const deciding = { ...judging, ...(config.audit === 'strict' && { memory: stores.memory }) };
  const chatServers = createChatServers(config.tickets.chatServers);
  const ticketing = { ...asked, chatServers, tickets: stores.tickets };
  const { lifetime } = config.tickets;
  return {
    authorizeChannel: timed('subscribe', createAuthorizeChannel(deciding)),
    authorizeChannels: timed('subscribe-batch', createAuthorizeChannels(deciding)),
    decideChannel: createDecideChannel(judging),
    listChannels: createListChannels({
      ...{ ...judging, limits, reportExcess, authorizations: config.limits.authorizations },
      openOwnPage: createOpenOwnPage(database),
    }),
    authenticateUser: timed('sign-in', createAuthenticateUser({ ...asked, countGrant })),
    issueTicket: timed('issue-ticket', createIssueTicket({ ...ticketing, randomBytes, lifetime })),
    checkTicket: createCheckTicket(ticketing),
    refuseUnread: createRefuseUnread(asked),
    redeemTicket: timed('redeem-ticket', createRedeemTicket(ticketing)),
    guestSessions: createGuestSessionActions({
      ...asked,
      sessions,
      randomBytes,
      lifetime: config.guestSessionLifetime,
    }),
    revoke: createRevoke({
      ...{ ...around, revocations, endGrants, recordSignal },
      servers: apps.servers(),
      serverOf: (appKey) => apps.withKey(appKey),
    }),
    endGrants,
    stillWelcome: createStillWelcome({ revocations }),
    takeWebhook: createTakeWebhook({
      read: createWebhookReader(pusherApps),
      beginOnce: stores.beginOnce,
      catalogue,
      appKeyOf: (tenantId) => apps.for(tenantId)?.key,
      figures,
      recordSignal: recordForgery,
      now,
    }),
    record,
    countRefusal,
    recordRejected,
    reportExcess,
    flushExcesses: audit.flush,
    countWebhook: metrics.countWebhook,
    readMetrics: metrics.read,
    loadMetrics: metrics.load,
    trafficMetrics: metrics.traffic,
    countUnavailable: metrics.dependencies.countUnavailable,
    trail,
    findDecision: createFindDecision(database),
    sign: traced(tracing, 'sign', signer.sign),
    signUser: traced(tracing, 'sign', createUserSigner(apps)),
    closeHosts,
  };
}

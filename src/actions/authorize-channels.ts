import type { Decision } from '../core/decision.ts';
import type { BatchQuestion } from '../core/question.ts';
import { Unavailable } from '../core/unavailable.ts';
import { createAuthorize, establishOnce, type AuthorizeChannelPorts } from './authorize-channel.ts';

/** What became of each channel of a batch, by its name; `Unavailable` where that could not be found out. */
export type Verdicts = ReadonlyMap<string, Decision | Unavailable>;

/** Which of these channels may this socket enter? */
export type AuthorizeChannels = (question: BatchQuestion) => Promise<Verdicts>;

/**
 * Asks about several channels at once: who asks is found out once, each channel is decided and recorded by itself,
 * and what could not be found out about one says nothing about the others.
 */
export function createAuthorizeChannels(ports: AuthorizeChannelPorts): AuthorizeChannels {
  const authorize = createAuthorize(ports);
  return async ({ channelNames, ...asked }) => {
    const establish = establishOnce(asked.credentials);
    const verdicts = channelNames.map(async (channelName) => {
      const verdict = await authorize({ ...asked, channelName }, establish).catch(onlyUnavailable);
      return [channelName, verdict] as const;
    });
    return new Map(await Promise.all(verdicts));
  };
}

function onlyUnavailable(error: unknown): Unavailable {
  if (error instanceof Unavailable) return error;
  throw error;
}

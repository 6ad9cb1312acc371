import { createAuthorizeChannel } from '../../src/actions/authorize-channel.ts';
import type { AuthorizeChannelPorts } from '../../src/actions/authorize-channel.ts';
import { catalogue } from '../../src/channels/index.ts';
import type { Identification } from '../../src/core/credential.ts';
import type { Decision } from '../../src/core/decision.ts';
import type { Question } from '../../src/core/question.ts';
import { Secret } from '../../src/core/secret.ts';
import { booking, escrow, noon, user } from '../channels/people.ts';

/** What an action did, in order. */
export type Deed = 'identified' | 'looked up' | 'recorded';

/** Ports that write down what is asked of them; whoever shows a credential is user 15 of tenant 1. */
export function writtenPorts(changes: Partial<AuthorizeChannelPorts> = {}) {
  const deeds: Deed[] = [];
  const recorded: unknown[] = [];
  const found = <T>(fact: T): Promise<T> => {
    deeds.push('looked up');
    return Promise.resolve(fact);
  };
  const ports: AuthorizeChannelPorts = {
    catalogue,
    identify: (): Promise<Identification> => {
      deeds.push('identified');
      return Promise.resolve({ principal: user('15') });
    },
    revocations: { latest: () => Promise.resolve(undefined) },
    find: {
      booking: () => found(booking()),
      escrow: () => found(escrow()),
      room: () => found(undefined),
      order: () => found(undefined),
    },
    encrypts: () => true,
    hold: (decision) => Promise.resolve(decision),
    record: (decision) => {
      deeds.push('recorded');
      recorded.push(decision);
      return Promise.resolve(true);
    },
    countGrant: () => Promise.resolve('at once'),
    now: () => noon,
    newId: () => 'the-decision',
    ...changes,
  };
  return { ports, deeds, recorded };
}

/** The action over these ports. */
export function authorizing(changes: Partial<AuthorizeChannelPorts> = {}) {
  const { ports, deeds, recorded } = writtenPorts(changes);
  return { authorizeChannel: createAuthorizeChannel(ports), deeds, recorded };
}

/** A question that is granted as it stands. */
export function question(changes: Partial<Question> = {}): Question {
  return {
    socketId: '1.2',
    channelName: 'private-tenant.1.escrow.42',
    credentials: [{ kind: 'bearer', text: new Secret('token') }],
    pinned: { tenantIds: ['1'] },
    origin: { requestId: 'request', address: '127.0.0.1' },
    ...changes,
  };
}

/** What stays of a decision when only its outcome is of interest. */
export function verdict(decision: Decision): string {
  return decision.outcome === 'grant' ? 'grant' : decision.code;
}

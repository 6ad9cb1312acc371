import { userToken } from '../support/usher.ts';
import { send } from './requests.ts';
import type { TestRequest, Texts } from './requests.ts';

/** Two chat servers, each with its secret. */
export const chatServers = {
  'chat-1': 'one-7Yk2mQx9Lr4Vt6Wz8Bn3-usher-tests',
  'chat-2': 'two-3Hd8sKp5Tc1Jw9Fg6Xq4-usher-tests',
} as const;

export type ChatServer = keyof typeof chatServers;

/** The settings that enable tickets. */
export const ticketEnvironment = {
  CHAT_SERVER_KEYS: Object.entries(chatServers)
    .map(([key, secret]) => `${key}:${secret}`)
    .join(','),
};

type Gaps = Readonly<Record<string, string | undefined>>;

const withoutGaps = (from: Gaps): Texts =>
  Object.fromEntries(
    Object.entries(from).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );

/** A valid request of the chat page of user 15. */
export const issueBody = {
  userId: '15',
  entityId: 'E-7',
  entityType: 'order',
  providerResId: 'P-3',
  clientInfo: { userAgent: 'Mozilla/5.0', timestamp: 1_748_779_200_000 },
};

/** The page’s request for a ticket, for the first chat server. */
export function issueRequest(body: unknown = issueBody, headers: Gaps = {}): TestRequest {
  return {
    path: '/api/websocket/ticket',
    headers: withoutGaps({
      'content-type': 'application/json',
      authorization: `Bearer ${userToken()}`,
      'x-chat-server-key': 'chat-1',
      ...headers,
    }),
    body: typeof body === 'string' ? body : JSON.stringify(body),
  };
}

/** A chat server’s request to redeem; the first one’s. */
export function redeemRequest(ticket: unknown, headers: Gaps = {}): TestRequest {
  return {
    path: '/api/websocket/ticket/redeem',
    headers: withoutGaps({
      'content-type': 'application/json',
      'x-chat-server-key': 'chat-1',
      'x-chat-server-secret': chatServers['chat-1'],
      ...headers,
    }),
    body: JSON.stringify({ ticket }),
  };
}

/** Gets a ticket, for the first chat server. */
export async function getTicket(
  base: string,
  body: unknown = issueBody,
  headers: Gaps = {},
): Promise<string> {
  const response = await send(base, issueRequest(body, headers));
  if (response.status !== 200) throw new Error(`No ticket: ${response.text}`);
  return (response.body as { readonly ticket: string }).ticket;
}

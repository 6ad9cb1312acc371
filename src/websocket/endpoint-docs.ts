import type { DoorPolicy } from '../policy/policy.ts';
import { allOf, type Operation, type Responses } from '../http/openapi/operation.ts';

const opened: Responses = { 101: { description: 'The WebSocket is open' } };

/** OpenAPI of `GET /ws`. */
export const ticketEndpointDocs = (refusals: Responses): Operation => ({
  tags: ['WebSockets'],
  summary: 'Open a WebSocket with a ticket',
  description: `The first message must arrive within ten seconds: \`{"type":"ticket_authenticate","ticket":"ws_ticket_…","clientInfo":{}}\`.
The response is \`{"type":"authentication_success","sessionId":"…","user":{"userId":"15","entityId":"E-7","entityType":"order"}}\`,
and then messages pass between the client and the chat server (\`WS_UPSTREAM\`). An invalid ticket gets
\`{"type":"authentication_error","error":"Invalid or expired ticket"}\` and close code 4401. The ticket is redeemed when the
connection to the chat server is open. If that connection fails, the error is \`Authentication failed\`, the close code is
1014, and the ticket can be used again.`,
  security: [{}],
  responses: allOf(opened, refusals),
});

/** OpenAPI of a WebSocket endpoint of the application, which is authorized like this channel. */
export const sessionEndpointDocs = (
  { channel, upstream }: DoorPolicy,
  refusals: Responses,
): Operation => ({
  tags: ['WebSockets'],
  summary: `Open the application’s WebSocket, authorized like \`${channel}\``,
  description: `Messages pass between the client and the application’s server (\`${upstream.env}\`) until the session ends.
If that server refuses the handshake with a status from 400 to 599, the response has the same status. Any other response
without an upgrade is 502, and an unreachable server is 503.`,
  security: [{ sessionCookie: [] }, { userToken: [] }, { guestSession: [] }],
  responses: allOf(opened, refusals),
});

import { allOf, type Operation, type Responses } from '../http/openapi/operation.ts';

const opened: Responses = { 101: { description: 'The WebSocket is open' } };

/** What `GET /ws` says of itself, given how handshakes are refused. */
export const ticketEndpointDocs = (refusals: Responses): Operation => ({
  tags: ['WebSockets'],
  summary: 'A WebSocket whose first message is a ticket',
  description: `The first message comes within ten seconds: \`{"type":"ticket_authenticate","ticket":"ws_ticket_…","clientInfo":{}}\`.
The answer is \`{"type":"authentication_success","sessionId":"…","user":{"userId":"15","entityId":"E-7","entityType":"order"}}\`,
and from then on messages go to the chat server (\`WS_UPSTREAM\`) and back; or it is
\`{"type":"authentication_error","error":"Invalid or expired ticket"}\`, and the WebSocket is closed with 4401. A ticket is
spent when the connection to the chat server is open; when that fails, the error is \`Authentication failed\`, the WebSocket
is closed with 1014, and the ticket can be shown again.`,
  security: [{}],
  responses: allOf(opened, refusals),
});

/** What a door of the host's WebSockets says of itself, given the channel that it is judged as. */
export const sessionEndpointDocs = (channel: string, refusals: Responses): Operation => ({
  tags: ['WebSockets'],
  summary: `The host’s WebSocket, for who may enter \`${channel}\``,
  description: `Messages go to the host’s own server (\`SESSION_WS_UPSTREAM\`) and back, until the session ends.
When that server refuses the handshake, its status from 400 to 599 is the answer; 502 when it answers anything else that
opens no WebSocket, and 503 when it cannot be reached.`,
  security: [{ sessionCookie: [] }, { userToken: [] }, { guestSession: [] }],
  responses: allOf(opened, refusals),
});

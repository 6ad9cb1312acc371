/** A `$ref` to a shared component of the document. */
export interface RefTo<Kind extends keyof typeof components> {
  readonly $ref: `#/components/${Kind}/${string & keyof (typeof components)[Kind]}`;
}

/** The names of the security schemes. */
export type SecurityScheme = keyof typeof components.securitySchemes;

const text = (maxLength: number) => ({ type: 'string', maxLength }) as const;
const errorWord = {
  enum: [
    'Bad Request',
    'Unauthorized',
    'Forbidden',
    'Not Found',
    'Method Not Allowed',
    'Payload Too Large',
    'Unsupported Media Type',
    'Upgrade Required',
    'Too Many Requests',
    'Internal Server Error',
    'Service Unavailable',
  ],
} as const;

/** The components that several routes share, by name. */
export const components = {
  schemas: {
    Error: {
      type: 'object',
      additionalProperties: false,
      required: ['error', 'message', 'request_id'],
      properties: {
        error: errorWord,
        message: { type: 'string' },
        request_id: { type: 'string', description: 'The same as `X-Request-Id`' },
      },
    },
    PolicyError: {
      type: 'object',
      description: 'The error of a route of the policy, as its existing client parses it',
      additionalProperties: false,
      required: ['error'],
      properties: { error: { type: 'string' }, message: { type: 'string' } },
    },
    TicketError: {
      type: 'object',
      description: 'As existing clients of tickets parse it',
      additionalProperties: false,
      required: ['success', 'error'],
      properties: { success: { const: false }, error: { type: 'string' } },
    },
    SocketId: {
      type: 'string',
      description: 'The `socket_id` of the connection, as the Pusher server gave it',
      pattern: '^[0-9]+\\.[0-9]+$',
      maxLength: 64,
    },
    Moment: {
      type: 'string',
      format: 'date-time',
      pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}\\.\\d{3}Z$',
    },
    DecisionId: { type: 'string', format: 'uuid' },
  },
  parameters: {
    'X-Tenant-ID': {
      name: 'X-Tenant-ID',
      in: 'header',
      description:
        'The tenant of the page. It must be that of the token and of the channel; where the token or the channel has a tenant, a missing one is refused.',
      required: false,
      schema: { ...text(128), minLength: 1 },
      examples: { tenant: { value: '1' } },
    },
  },
  headers: {
    'X-Request-Id': {
      description:
        'Under which the log knows this request. A proxy of `TRUSTED_PROXIES` may bring its own, of 8 to 128 characters `A-Z a-z 0-9 . _ -`.',
      required: true,
      schema: { type: 'string' },
    },
    'X-Decision-Id': {
      description:
        'Under which `GET /decisions/{id}` tells why. Only an answer that comes of a decision has one.',
      schema: { $ref: '#/components/schemas/DecisionId' },
    },
    'Retry-After': {
      description: 'Seconds after which it may be tried again',
      required: true,
      schema: { type: 'integer', minimum: 1 },
    },
  },
  securitySchemes: {
    userToken: {
      type: 'http',
      scheme: 'bearer',
      description:
        'A user’s token: a JWT of the host (`sub`, `exp`, `iat`, `tenant_id`, `roles`), or an access token of Laravel Sanctum or Passport. `usher mint-token user --sub 15 --tenant 1` makes one for development.',
    },
    guestToken: {
      type: 'apiKey',
      in: 'query',
      name: 'token',
      description:
        'A token of the issuer `guest_token` of the policy: a JWT with its claims and `exp`. The route may read it from the body as well. `usher mint-token guest` signs one for development.',
    },
    guestSession: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Guest-Session',
      description: 'The `token` that `POST /api/guest-sessions` gave',
    },
    sessionCookie: {
      type: 'apiKey',
      in: 'cookie',
      name: 'sessionid',
      description:
        'The host’s session cookie, when `SESSION_MODE` is on; `SESSION_COOKIE_NAME` names it. The `Origin` of the page must be an allowed one. Any other credential, good or bad, goes before it.',
    },
    chatServerKey: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Chat-Server-Key',
      description: 'The key of a chat server of `CHAT_SERVER_KEYS`',
    },
    chatServerSecret: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Chat-Server-Secret',
      description: 'The secret that belongs to that key',
    },
    operatorToken: {
      type: 'http',
      scheme: 'bearer',
      description:
        '`OPS_TOKEN`. Without one the port listens on loopback, and takes only requests that name loopback.',
    },
  },
} as const;

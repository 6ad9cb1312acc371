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
        'The tenant of the page. It must be the tenant of the token and of the channel. If the token or the channel has a tenant, a request without this header is refused.',
      required: false,
      schema: { ...text(128), minLength: 1 },
      examples: { tenant: { value: '1' } },
    },
  },
  headers: {
    'X-Request-Id': {
      description:
        'The id of this request in the log. A proxy of `TRUSTED_PROXIES` may set it in the request: 8 to 128 characters `A-Z a-z 0-9 . _ -`.',
      required: true,
      schema: { type: 'string' },
    },
    'X-Decision-Id': {
      description:
        'The id of the decision, for `GET /decisions/{id}`. Responses without a decision do not have it.',
      schema: { $ref: '#/components/schemas/DecisionId' },
    },
    'Retry-After': {
      description: 'The number of seconds after which the request may be sent again',
      required: true,
      schema: { type: 'integer', minimum: 1 },
    },
  },
  securitySchemes: {
    userToken: {
      type: 'http',
      scheme: 'bearer',
      description:
        'A user’s token: a JWT of the application (`sub`, `exp`, `iat`, `tenant_id`, `roles`), or an access token of Laravel Sanctum or Passport. `usher mint-token user --sub 15 --tenant 1` signs one for development.',
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
      description: 'The `token` in the response of `POST /api/guest-sessions`',
    },
    sessionCookie: {
      type: 'apiKey',
      in: 'cookie',
      name: 'sessionid',
      description:
        'The application’s session cookie, named by `SESSION_COOKIE_NAME`, unless `SESSION_MODE` is `off`. `ALLOWED_ORIGINS` must contain the `Origin` of the page. Any other credential, valid or not, takes precedence over the cookie.',
    },
    chatServerKey: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Chat-Server-Key',
      description: 'The key of a chat server in `CHAT_SERVER_KEYS`',
    },
    chatServerSecret: {
      type: 'apiKey',
      in: 'header',
      name: 'X-Chat-Server-Secret',
      description: 'The secret of that key',
    },
    operatorToken: {
      type: 'http',
      scheme: 'bearer',
      description:
        '`OPS_TOKEN`. Without it the port listens on a loopback address, and accepts only requests whose `Host` is a loopback address or `localhost`.',
    },
  },
} as const;

import type { Header, Operation } from '../../openapi/operation.ts';
import { version } from './generated/bundle.ts';

const text = (description: string): Header => ({
  description,
  required: true,
  schema: { type: 'string' },
});

const caching = {
  ETag: text('Changes with the content'),
  'Cache-Control': text(
    '`immutable` for a year if `v` is the version of this Usher’s file; else `no-cache`',
  ),
  'Access-Control-Allow-Origin': text('`*`'),
};

export const clientDocs: Operation = {
  tags: ['Channels'],
  summary: 'The client package as a script',
  description:
    'For pages without a build: a script element with this address defines the global function `usherAuth` for pusher-js 8 and Laravel Echo 2. It is sent with gzip if the client accepts it.',
  security: [{}],
  parameters: [
    {
      name: 'v',
      in: 'query',
      description: 'The version of the package, for a response that caches may keep',
      required: false,
      schema: { type: 'string' },
      examples: { version: { value: version } },
    },
  ],
  responses: {
    200: {
      description: 'JavaScript',
      headers: caching,
      content: {
        'text/javascript': {
          schema: { type: 'string' },
          examples: { version: { value: `/*! usher-client ${version}, MIT */` } },
        },
      },
    },
    304: { description: '`If-None-Match` has the current `ETag`', headers: caching },
  },
};

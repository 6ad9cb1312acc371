import { components } from './components.ts';
import {
  decided,
  type Operation,
  type Parameter,
  type Response,
  type Schema,
} from './operation.ts';
import { pathParameters } from './path-parameters.ts';

/** A registered route with its documentation. */
export interface DocumentedRoute {
  readonly method: string;
  /** The registered path, with `:name` for each parameter. */
  readonly path: string;
  /** The schemas of the path parameters, if the route validates them. */
  readonly params?: Readonly<Record<string, Schema>>;
  /** The documentation of path parameters that `pathParameters` does not have. */
  readonly pathParameters?: Readonly<Record<string, Pick<Parameter, 'description' | 'examples'>>>;
  /** The schema of the body, if the route validates it. */
  readonly body?: Schema;
  /** True if each 4xx is an audited decision. */
  readonly authorizes?: boolean;
  readonly operation: Operation;
}

export interface DocumentedServers {
  readonly public: readonly DocumentedRoute[];
  readonly operator: readonly DocumentedRoute[];
}

const about = `Usher decides who may enter a real-time channel, and has only those subscriptions signed.

A response example belongs to the request example of the same name. If there is none, it belongs to the first request
example, sent with another credential, other facts, or at another time. Tests send all examples to a running service.

Each route with \`GET\` also accepts \`HEAD\`. A slash at the end of a path makes no difference. A path without a route is 404,
an unsupported method 405 with \`Allow\`, a request that is not HTTP 400, 408 or 431, and an error of Usher 500, each with the
body \`Error\`.`;

/** Creates the OpenAPI 3.1 document of both ports. `publicAddress` is the default address of the public port. */
export function writeDocument(servers: DocumentedServers, publicAddress: string) {
  const operators = paths(servers.operator, [
    { url: '/', description: 'The operator’s port, which serves this document' },
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Usher',
      version: '0.1.0',
      description: about,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      {
        url: '{address}',
        description: 'The public port',
        variables: { address: { default: publicAddress } },
      },
    ],
    paths: { ...paths(servers.public), ...operators },
    components,
  };
}

type PathItem = Record<string, unknown>;

function paths(
  routes: readonly DocumentedRoute[],
  servers?: readonly object[],
): Readonly<Record<string, PathItem>> {
  const items: Record<string, PathItem> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    const item = (items[path] ??= servers === undefined ? {} : { servers });
    item[route.method.toLowerCase()] = describe(route);
  }
  return items;
}

function describe({
  path,
  params = {},
  pathParameters: own = {},
  body,
  authorizes = false,
  operation,
}: DocumentedRoute): object {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name = '']) =>
    pathParameter(name, params[name], own[name] ?? pathParameters[name]),
  );
  const { requestBody, responses } = operation;
  return {
    ...operation,
    parameters: [...inPath, ...(operation.parameters ?? [])],
    ...(requestBody && {
      requestBody: body === undefined ? requestBody : checkedBy(body, requestBody),
    }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, response]) => [
        status,
        withRequestId(authorizes && status.startsWith('4') ? decided(response) : response),
      ]),
    ),
  };
}

function pathParameter(
  name: string,
  schema: Schema = { type: 'string', minLength: 1 },
  known: Pick<Parameter, 'description' | 'examples'> = {
    description: `The parameter \`${name}\` of the path`,
    examples: {},
  },
): Parameter {
  return { name, in: 'path', required: true, schema, ...known };
}

/** Replaces the body schema of the operation by the schema that the route validates with. */
function checkedBy(
  schema: Schema,
  { required, content }: NonNullable<Operation['requestBody']>,
): Operation['requestBody'] {
  const checked = Object.entries(content).map(([type, media]) => [type, { ...media, schema }]);
  return { required, content: Object.fromEntries(checked) as typeof content };
}

function withRequestId(response: Response): Response {
  const headers = { 'X-Request-Id': { $ref: '#/components/headers/X-Request-Id' } } as const;
  return { ...response, headers: { ...headers, ...response.headers } };
}

import type { Ajv, ValidateFunction } from 'ajv';
import type { FastifyInstance, FastifyServerOptions } from 'fastify';

let compiler: Ajv | undefined;

/**
 * Has the compiler of schemas loaded before the first body is checked, and not at the start: it takes a tenth of the
 * processor time of a start and 8 MB of memory, and only a few routes of the operator's port have a schema.
 */
export function loadCompilerLate(server: FastifyInstance): void {
  server.addHook('onRoute', (route) => {
    if (route.schema === undefined) return;
    const own = route.preValidation ?? [];
    route.preValidation = [loadCompiler, ...(Array.isArray(own) ? own : [own])];
  });
}

async function loadCompiler(): Promise<void> {
  if (compiler !== undefined) return;
  const { createCompiler } = await import('./schema-compiler.ts');
  compiler = createCompiler();
}

/** Compiles a schema when the first body is checked. */
function createValidator(route: unknown) {
  const { schema } = route as { readonly schema: object };
  let validate: ValidateFunction | undefined;
  const check = (body: unknown) => {
    if (compiler === undefined) throw new Error('The compiler of schemas is not loaded');
    validate ??= compiler.compile(schema);
    const isValid = validate(body);
    check.errors = validate.errors;
    return isValid;
  };
  check.errors = undefined as ValidateFunction['errors'];
  return check;
}

/** No response has a schema. */
const createSerializer = () => (value: unknown) => JSON.stringify(value);

type Compilers = NonNullable<
  NonNullable<FastifyServerOptions['schemaController']>['compilersFactory']
>;

/** Fastify only calls a validator and reads its `errors`, but its type is the complete one of Ajv. */
const buildValidator = (() => createValidator) as unknown as NonNullable<
  Compilers['buildValidator']
>;

/** Replaces the compilers that Fastify would load. */
export const schemaController = {
  compilersFactory: { buildValidator, buildSerializer: () => createSerializer },
};

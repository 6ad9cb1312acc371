import type { Operation, Parameter } from '../../../src/http/openapi/operation.ts';

/** The document, in the parts of it that tests read. */
export interface Document {
  readonly paths: Readonly<Record<string, PathItem>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type PathItem = Readonly<Record<string, unknown>> & { readonly servers?: readonly object[] };

/** One documented operation. */
export interface Documented {
  readonly port: 'public' | 'operator';
  readonly method: string;
  readonly path: string;
  /** Its place in the document as a JSON pointer. */
  readonly pointer: string;
  readonly operation: Omit<Operation, 'parameters'> & { readonly parameters: readonly Parameter[] };
}

/** All operations of the document; references to shared parameters are followed. */
export function operationsOf(document: Document): readonly Documented[] {
  return Object.entries(document.paths).flatMap(([path, { servers, ...methods }]) =>
    Object.entries(methods).map(([method, value]) => {
      const operation = value as Operation;
      const parameters = (operation.parameters ?? []).map((each) =>
        '$ref' in each ? (at(document, each.$ref) as Parameter) : each,
      );
      return {
        port: servers === undefined ? ('public' as const) : ('operator' as const),
        method: method.toUpperCase(),
        path,
        pointer: `#/paths/${path.replaceAll('~', '~0').replaceAll('/', '~1')}/${method}`,
        operation: { ...operation, parameters },
      };
    }),
  );
}

/** The value at a pointer such as `#/components/schemas/Error`. */
export function at(document: Document, pointer: string): unknown {
  const steps = pointer.slice(2).split('/');
  return steps.reduce<unknown>(
    (value, step) => (value as Record<string, unknown>)[step.replaceAll('~1', '/')],
    document,
  );
}

/** The names of an operation's responses, with the status of each. */
export function documentedResponses({
  operation,
}: Documented): readonly (readonly [string, number])[] {
  return Object.entries(operation.responses).flatMap(([status, { content }]) => {
    const [media] = Object.values(content ?? {});
    const names = Object.keys(media?.examples ?? {});
    // A 101 and a 204 have no body to show.
    return (names.length > 0 ? names : ['bare']).map((name) => [name, Number(status)] as const);
  });
}

/** The documented body of this response. */
export function documentedResponse(
  { operation }: Documented,
  name: string,
  status: number,
): unknown {
  const [media] = Object.values(operation.responses[String(status)]?.content ?? {});
  return media?.examples?.[name]?.value;
}

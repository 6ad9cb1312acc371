import { Environment } from '@marcbachmann/cel-js';
import { isExpressionName, isFieldName, type Scope } from './scope.ts';

/** The defaults of the library are far higher. Nothing else limits the run time of an expression. */
const limits = {
  maxAstNodes: 200,
  maxDepth: 24,
  maxListElements: 64,
  maxMapEntries: 16,
  maxCallArguments: 4,
};

/** Shows the library the own, declared properties of an object, in the representations that it takes. */
type View = new (source: unknown) => object;

interface CelEnvironment {
  readonly environment: Environment;
  readonly view: View;
}

const environments = new WeakMap<Scope, CelEnvironment>();

/** The environment of a scope. It is built once for each `Scope` object. Throws if a name cannot be one of CEL. */
export function environmentOf(scope: Scope): CelEnvironment {
  const known = environments.get(scope);
  if (known !== undefined) return known;
  const environment = new Environment({ limits });
  const readers = Object.entries(scope).map(([name, type]): [string, Reader] => {
    assertReadable(name, isExpressionName(name));
    const declared = declare(environment, `$${name}`, type);
    environment.registerVariable(name, declared.type);
    return [name, declared.read];
  });
  const built = { environment, view: defineView(readers) };
  environments.set(scope, built);
  return built;
}

/** Converts a property to what the library takes. Absent properties stay `undefined`. */
type Reader = (value: unknown) => unknown;

const scalars: Readonly<Record<string, { readonly type: string; readonly read: Reader }>> = {
  string: { type: 'string', read: asIs },
  bool: { type: 'bool', read: asIs },
  double: { type: 'double', read: asIs },
  int: { type: 'int', read: toBigInt },
  timestamp: { type: 'google.protobuf.Timestamp', read: toValidDate },
  'list(string)': { type: 'list<string>', read: asIs },
};

/** Registers a type. The library checks the type of each value that it reads. */
function declare(
  environment: Environment,
  name: string,
  type: Scope[string],
): { readonly type: string; readonly read: Reader } {
  if (typeof type === 'string') {
    const scalar = scalars[type];
    if (scalar === undefined) throw new Error(`Unknown type: ${type}`);
    return scalar;
  }
  const fields = Object.entries(type).map(([field, { type: fieldType }]) => {
    assertReadable(field, isFieldName(field));
    return { field, ...declare(environment, `${name}.${field}`, fieldType) };
  });
  const view = defineView(fields.map(({ field, read }) => [field, read]));
  const types = Object.fromEntries(fields.map(({ field, type }) => [field, type]));
  environment.registerType(name, { ctor: view, fields: types });
  return { type: name, read: (value) => (value === undefined ? value : new view(value)) };
}

const source = Symbol('source');

function defineView(readers: readonly (readonly [string, Reader])[]): View {
  class View {
    readonly [source]: object;
    constructor(value: unknown) {
      if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
      this[source] = value;
    }
  }
  for (const [name, read] of readers) {
    Object.defineProperty(View.prototype, name, {
      get(this: View) {
        const object = this[source] as Readonly<Record<string, unknown>>;
        return Object.hasOwn(object, name) ? read(object[name]) : undefined;
      },
    });
  }
  return View;
}

function asIs(value: unknown): unknown {
  return value;
}

function toBigInt(value: unknown): unknown {
  return Number.isSafeInteger(value) ? BigInt(value as number) : value;
}

/** Comparisons with an invalid date would be false instead of an error. */
function toValidDate(value: unknown): unknown {
  if (value instanceof Date && Number.isNaN(value.getTime())) throw new RangeError('invalid date');
  return value;
}

function assertReadable(name: string, isReadable: boolean): void {
  if (!isReadable) throw new Error(`Not a name that expressions can read: ${name}`);
}

import { listTypes, type Type } from './types.ts';

interface Overload {
  readonly name: string;
  /** The type before the dot; a function has none. */
  readonly receiver?: Type;
  readonly args: readonly Type[];
  readonly result: Type;
}

/**
 * The functions that expressions may call. The library has more, but they differ from CEL, depend on the time zone of the host, or
 * have no bound on their run time.
 */
const overloads: readonly Overload[] = [
  ...['string' as const, ...listTypes].flatMap((type): Overload[] => [
    { name: 'size', args: [type], result: 'int' },
    { name: 'size', receiver: type, args: [], result: 'int' },
  ]),
  { name: 'string', args: ['int'], result: 'string' },
  { name: 'string', args: ['bool'], result: 'string' },
  { name: 'double', args: ['int'], result: 'double' },
  ...['startsWith', 'endsWith', 'contains'].map((name): Overload => ({
    name,
    receiver: 'string',
    args: ['string'],
    result: 'bool',
  })),
];

/** The type of the result of a call, or `undefined` if no function takes these arguments. */
export function typeOfCall(name: string, args: readonly Type[], receiver?: Type): Type | undefined {
  return overloads.find(
    (each) =>
      each.name === name &&
      each.receiver === receiver &&
      each.args.length === args.length &&
      each.args.every((type, i) => type === args[i]),
  )?.result;
}

/** Calls with their own checks: `has` is a macro, the others take only a constant. */
const special: readonly string[] = ['has', 'timestamp', 'duration'];

export const functionNames: readonly string[] = [
  ...new Set(overloads.filter((each) => each.receiver === undefined).map(({ name }) => name)),
  ...special,
];

/** The names that can follow a dot. `all` and `exists` are loops over a list. */
export const methodNames: readonly string[] = [
  ...new Set(overloads.filter((each) => each.receiver !== undefined).map(({ name }) => name)),
  'all',
  'exists',
];

import type { RuleInput } from '../channel-type.ts';
import type { Fact, FactKind, FactValue, Field } from '../fact-kind.ts';
import type { PrincipalView } from '../principal.ts';
import { callWithSample, failed, type ModuleFunction } from './module-function.ts';
import { readChecks, readCondition, readList, readMember, readReference } from './read-result.ts';
import type { ChannelFunctions } from './read-spec.ts';

/** A principal with every attribute that any kind of principal has. */
const principal: PrincipalView = {
  ...{ id: '', roles: [], tenant: '', name: '' },
  ...{ user: '', user_tenant: '' },
};

/** An input for the functions of a channel, for checks when it is loaded. The values are empty. */
function sampleInput(
  params: readonly string[],
  principals: readonly string[],
  kinds: ReadonlyMap<string, FactKind>,
): RuleInput {
  const facts = Object.fromEntries([...kinds].map(([name, kind]) => [name, sampleFact(kind)]));
  return {
    ...Object.fromEntries(principals.map((name) => [name, principal])),
    params: Object.fromEntries(params.map((name) => [name, ''])),
    facts,
    now: new Date(0),
  };
}

function sampleFact({ fields }: FactKind): Fact {
  return Object.fromEntries(
    Object.entries(fields).map(([name, { type }]) => [name, sampleValues[type]]),
  );
}

const sampleValues: Readonly<Record<Field['type'], FactValue>> = {
  string: '',
  int: 0,
  double: 0,
  bool: false,
  timestamp: new Date(0),
  'list(string)': [],
  guest_session: { id: '' },
};

/** What the functions of a channel return for a sample. */
export interface Sampled {
  /** The names of the checks by the name of the principal. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly kinds: readonly FactKind[];
}

/** Calls every function of a channel with a sample. Throws an `Error` that names the function if one returns what it must not. */
export function sampleFunctions(functions: ChannelFunctions): Sampled {
  const { params, facts, allow } = functions;
  const principals = [...allow.keys()];
  const bare = sampleInput(params, principals, new Map());
  const kinds = new Map<string, FactKind>();
  for (const [name, { fact }] of facts) {
    const reference = named(`facts.${name}`, () => callWithSample(fact, bare, readReference));
    if (reference !== failed && reference) kinds.set(name, reference.kind);
  }
  const names = new Map(
    principals.map((principal) => [principal, sampleOne(principal, functions, kinds)]),
  );
  return { names, kinds: [...kinds.values()] };
}

function sampleOne(
  principal: string,
  { params, allow, member, list, sqlList, isAsked }: ChannelFunctions,
  kinds: ReadonlyMap<string, FactKind>,
): readonly string[] {
  const full = sampleInput(params, [principal], kinds);
  const inputs = [full, { ...full, facts: {} }];
  const call = <Result>(
    part: string,
    functions: ReadonlyMap<string, ModuleFunction>,
    read: (value: unknown) => Result,
  ): readonly Result[] => {
    const called = functions.get(principal);
    if (called === undefined) return [];
    return inputs.flatMap((input) => {
      const result = named(`${part}.${principal}`, () => callWithSample(called, input, read));
      return result === failed ? [] : [result];
    });
  };
  const [checks] = call('allow', allow, (value) => readChecks(value, isAsked));
  call('member', member, readMember);
  call('list', list, (value) => readList(value, params));
  for (const [name, condition] of sqlList.get(principal)?.where ?? []) {
    call(`list.${principal}.where.${name}`, new Map([[principal, condition]]), readCondition);
  }
  return checks?.map(({ name }) => name) ?? [];
}

function named<Result>(part: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw new Error(`${part} ${(error as Error).message}`, { cause: error });
  }
}

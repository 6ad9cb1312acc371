import type { Check } from '../decision.ts';
import type { KindRules } from '../channel-type.ts';
import type { RuleInput, PrincipalView } from '../principal.ts';
import type { Fact, FactKind, FactValue, Field } from '../fact-kind.ts';
import { partProblem } from '../yaml/validate.ts';
import { callWithSample, failed, type ModuleFunction, type ReadResult } from './module-function.ts';
import { readChecks, readCondition, readList, readMember, readReference } from './read-result.ts';
import { shadowFacts, type ChannelFunctions } from './read-spec.ts';
import { withoutShadowFacts } from './shadow-facts.ts';

/** A principal with every attribute that any kind of principal has. */
const principal: PrincipalView = {
  id: '',
  roles: [],
  tenant: '',
  name: '',
  user: '',
  user_tenant: '',
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

/** The results of the functions of a channel for a sample. */
export interface Sampled {
  /** The names of the checks by the name of the principal. */
  readonly checks: ReadonlyMap<string, SampledChecks>;
  readonly kinds: readonly FactKind[];
}

type SampledChecks = Pick<KindRules, 'names' | 'refusesNobody'>;

/** Calls every function of a channel with a sample. Throws an `Error` that names the function if one returns an invalid value. */
export function sampleFunctions(functions: ChannelFunctions): Sampled {
  const { params, facts, allow } = functions;
  const principals = [...allow.keys()];
  const bare = sampleInput(params, principals, new Map());
  const kinds = new Map<string, FactKind>();
  for (const [name, { fact }] of facts) {
    const reference = named(`facts.${name}`, () => callWithSample(fact, bare, readReference));
    if (reference !== failed && reference) kinds.set(name, reference.kind);
  }
  const checks = new Map(
    principals.map((principal) => [principal, sampleOne(principal, functions, kinds)]),
  );
  return { checks, kinds: [...kinds.values()] };
}

function sampleOne(
  principal: string,
  functions: ChannelFunctions,
  kinds: ReadonlyMap<string, FactKind>,
): SampledChecks {
  const { params, member, list, sqlList, hasAsk } = functions;
  const full = sampleInput(params, [principal], kinds);
  const inputs = [full, { ...full, facts: {} }];
  const deciding = inputs.map((input) => withoutShadowFacts(input, shadowFacts(functions)));
  const rules = functions.allow.get(principal) ?? { deciding: [], all: [] };
  const checks = rules.all.map((rule) => {
    const isDeciding = rules.deciding.includes(rule);
    const [sampled = []] = callAll(`allow.${principal}`, rule, {
      inputs: isDeciding ? deciding : inputs,
      read: (value) => readChecks(value, hasAsk),
    });
    return isDeciding ? sampled : [];
  });
  callAll(`member.${principal}`, member.get(principal), { inputs: deciding, read: readMember });
  callAll(`list.${principal}`, list.get(principal), {
    inputs,
    read: (value) => readList(value, params),
  });
  for (const [name, condition] of sqlList.get(principal)?.where ?? []) {
    callAll(`list.${principal}.where.${name}`, condition, { inputs, read: readCondition });
  }
  for (const each of checks.flat()) {
    named(`allow.${principal}`, () => {
      checkParts(each);
    });
  }
  // A function without a parameter returns the same checks for everybody.
  const isConstant = rules.deciding.every(({ length }) => length === 0);
  return {
    names: checks.flat().map(({ name }) => name),
    refusesNobody: isConstant && checks.flat().every(({ passed }) => passed),
  };
}

/** The name and the code are in logs and metrics. */
function checkParts({ name, code }: Check): void {
  const problem = partProblem('checkName', name, name) ?? partProblem('code', code, code);
  if (problem !== undefined) throw new TypeError(`has a check of which ${problem}`);
}

interface Call<Result> {
  readonly inputs: readonly RuleInput[];
  readonly read: ReadResult<Result>;
}

/** The results of a function for these inputs, without those for which it throws. */
function callAll<Result>(
  part: string,
  called: ModuleFunction | undefined,
  { inputs, read }: Call<Result>,
): readonly Result[] {
  if (called === undefined) return [];
  return inputs.flatMap((input) => {
    const result = named(part, () => callWithSample(called, input, read));
    return result === failed ? [] : [result];
  });
}

function named<Result>(part: string, call: () => Result): Result {
  try {
    return call();
  } catch (error) {
    throw new Error(`${part} ${(error as Error).message}`, { cause: error });
  }
}

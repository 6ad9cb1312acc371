import type { FindDecision } from '../audit/audit-event.ts';
import { viewerOf } from '../authorize/find-facts.ts';
import { parseFields } from '../facts/parse-fields.ts';
import { toFact } from '../facts/stored-fields.ts';
import { compileTyped, ExpressionError, isFieldName } from '../policy/cel/expression.ts';
import {
  ruleInput,
  type RuleInput,
  kindNamed,
  maxTime,
  type Principal,
} from '../policy/principal.ts';
import type { ChannelMatch } from '../policy/channel-registry.ts';
import type { Fact, FactKind, FactValue, FindFact, ValueType } from '../policy/fact-kind.ts';
import { FactRefused } from '../policy/fact-refused.ts';
import type { Policy } from '../policy/policy.ts';
import { examplePrincipal } from '../policy/yaml/build-demo.ts';
import type { PlainValue } from '../policy/yaml/policy-document.ts';
import { createReport } from '../policy/yaml/report.ts';
import {
  factScope,
  paramScope,
  principalScope,
  principalTypes,
} from '../policy/yaml/rule-scope.ts';
import { toPrincipal } from './example-principal.ts';

/** An expression and the values that it reads. Given values replace recorded ones. */
export interface ExpressionRequest {
  readonly expression: string;
  /** A recorded decision, whose channel and principal the expression reads. */
  readonly decision?: string;
  /** Its parameters, and the facts that its rules read now. */
  readonly channel?: string;
  /** As in a test of a policy. */
  readonly principal?: Readonly<Record<string, PlainValue>> & { readonly kind: string };
  readonly params?: Readonly<Record<string, string>>;
  readonly facts?: Readonly<Record<string, MadeUpFact>>;
}

interface MadeUpFact {
  readonly kind: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The values that the expression can read, by name, and the facts of the channel that do not exist. */
interface ReadValues {
  readonly values: Partial<RuleInput>;
  readonly missing: readonly string[];
}

/** `refused`: the reason why the expression cannot be evaluated, as a sentence. `value` is absent if the evaluation failed. */
export type ExpressionTrial =
  | { readonly refused: string }
  | (ReadValues & { readonly problem: { readonly message: string; readonly offset: number } })
  | (ReadValues & { readonly type: ValueType; readonly value: FactValue | undefined });

/** Evaluates one expression with the declarations of the policy in use. Throws `Unavailable`. */
export type TryExpression = (request: ExpressionRequest) => Promise<ExpressionTrial>;

interface TryExpressionDeps {
  readonly policy: () => Policy;
  readonly findDecision: FindDecision;
  readonly find: FindFact;
  readonly now: () => number;
}

export function createTryExpression(deps: TryExpressionDeps): TryExpression {
  return async (request) => {
    try {
      return await tryExpression(request, deps);
    } catch (error) {
      if (error instanceof Refused || error instanceof FactRefused) {
        return { refused: error.message };
      }
      throw error;
    }
  };
}

class Refused extends Error {}

const types: readonly ValueType[] = [
  ...(['bool', 'string', 'int', 'double', 'timestamp', 'list(string)'] as const),
];

async function tryExpression(
  request: ExpressionRequest,
  deps: TryExpressionDeps,
): Promise<ExpressionTrial> {
  const policy = deps.policy();
  const subject = await subjectOf(request, policy, deps);
  const { principal, match, params } = subject;
  const now = new Date(deps.now());
  const input = inputOf(principal, { params, facts: {}, now });
  const given = Object.entries(request.facts ?? {}).map(([name, each]) =>
    madeUpFact(name, each, policy),
  );
  const others = await channelFacts(match, { ...subject, input, find: deps.find });
  const facts = [
    ...given,
    ...others.filter(({ name }) => !Object.hasOwn(request.facts ?? {}, name)),
  ];
  const found = facts.flatMap(({ name, fact }) =>
    fact === undefined ? [] : [[name, fact] as const],
  );
  const values = inputOf(principal, { params, facts: Object.fromEntries(found), now });
  const read = {
    values,
    missing: facts.filter(({ fact }) => fact === undefined).map(({ name }) => name),
  };
  const kinds = principal === undefined ? [] : [principal.kind];
  const scope = {
    ...paramScope(Object.keys(params)),
    ...principalScope(kinds, principalTypes([...policy.issuers.values()])),
    ...factScope(facts.flatMap((each) => (each.kind ? [{ ...each, kind: each.kind }] : []))),
  };
  try {
    const { type, value } = compileTyped(request.expression, scope, types);
    return { ...read, type, value: value(values) };
  } catch (error) {
    if (!(error instanceof ExpressionError)) throw error;
    return { ...read, problem: { message: error.message, offset: error.offset } };
  }
}

interface Subject {
  readonly principal: Principal | undefined;
  readonly match: ChannelMatch | undefined;
  readonly params: Readonly<Record<string, string>>;
}

async function subjectOf(
  { decision: id, channel, principal, params = {} }: ExpressionRequest,
  policy: Policy,
  { findDecision }: TryExpressionDeps,
): Promise<Subject> {
  const recorded = id === undefined ? undefined : (await findDecision(id))?.decision;
  if (id !== undefined && recorded === undefined) {
    throw new Refused('There is no such decision in the audit log');
  }
  const name = channel ?? recorded?.channel;
  const match = name === undefined ? undefined : policy.channels.matchText(name);
  if (channel !== undefined && match === undefined) {
    throw new Refused('The policy has no such channel');
  }
  const all = { ...match?.params, ...params };
  Object.keys(all).forEach(checkName);
  const kind = recorded?.principalKind;
  const ofRecord: Principal | undefined =
    kind === undefined || recorded?.principalId === undefined
      ? undefined
      : {
          kind,
          id: recorded.principalId,
          tenantId: recorded.tenantId,
          roles: [],
          expiresAt: maxTime,
        };
  return {
    principal: principal === undefined ? ofRecord : madeUpPrincipal(principal, policy),
    match,
    params: all,
  };
}

function checkName(name: string): void {
  if (!isFieldName(name)) throw new Refused(`${name} is not a name that expressions can read`);
}

function madeUpPrincipal(
  { kind, ...values }: NonNullable<ExpressionRequest['principal']>,
  { issuers }: Policy,
): Principal {
  const start = { line: 1, column: 1 };
  const report = createReport('principal', { locate: () => start, locateIn: () => start });
  const principals = principalTypes([...issuers.values()]);
  const named = { at: [], name: 'principal', kind, values };
  const example = examplePrincipal(named, { principals, issuers, report });
  const [problem] = report.problems();
  if (problem !== undefined) throw new Refused(problem.message);
  return toPrincipal({ ...example, kind: kindNamed(kind) }, { issuers });
}

function inputOf(
  principal: Principal | undefined,
  known: Pick<RuleInput, 'params' | 'facts' | 'now'>,
): RuleInput {
  return principal === undefined ? known : ruleInput(principal, known);
}

interface NamedFact {
  readonly name: string;
  readonly optional: boolean;
  /** `undefined` if the ids cannot be computed, and so the fact cannot be read. */
  readonly kind: FactKind | undefined;
  readonly fact: Fact | undefined;
}

function madeUpFact(
  name: string,
  { kind: kindName, fields }: MadeUpFact,
  { factKinds }: Policy,
): NamedFact {
  checkName(name);
  const kind = factKinds.get(kindName);
  if (kind === undefined) throw new Refused(`${kindName} is not a kind of fact of the policy`);
  return { name, optional: true, kind, fact: toFact(kind, parseFields(kind, fields), null) };
}

/** The facts that the rules of the channel read for this principal, as they are now. */
function channelFacts(
  match: ChannelMatch | undefined,
  { principal, input, find }: Subject & { readonly input: RuleInput; readonly find: FindFact },
): Promise<readonly NamedFact[]> {
  if (principal === undefined) return Promise.resolve([]);
  const requests = match?.channelType.rules.get(principal.kind)?.facts ?? [];
  return Promise.all(
    requests.map(async ({ name, optional, refer }): Promise<NamedFact> => {
      const reference = refer(input);
      if (reference === undefined || reference === 'failed') {
        return { name, optional, kind: undefined, fact: undefined };
      }
      const { kind, ids } = reference;
      return { name, optional, kind, fact: await find(kind, ids, viewerOf(principal)) };
    }),
  );
}

import { patternForms } from '../pusher-names.ts';
import type { ChannelParts } from '../channel-type.ts';
import { paramOf, type ParamType } from '../param.ts';
import type { SqlQuery } from '../sql/query.ts';
import { hint } from '../yaml/schema-error.ts';
import { partProblem } from '../yaml/validate.ts';
import { readAsk } from './ask-spec.ts';
import type { ModuleFunction } from './module-function.ts';
import { readRules, type AskMode, type RuleFunctions } from './read-rules.ts';
import { readSqlSpec, type SqlSpec } from './sql-spec.ts';

/** The functions of a channel’s declaration, by the names of facts and of principals. */
export interface ChannelFunctions {
  readonly params: readonly string[];
  readonly facts: ReadonlyMap<string, FactFunction>;
  readonly allow: ReadonlyMap<string, RuleFunctions>;
  readonly member: ReadonlyMap<string, ModuleFunction>;
  readonly list: ReadonlyMap<string, ModuleFunction>;
  readonly sqlList: ReadonlyMap<string, SqlListFunctions>;
  /** Whether the application decides, so that a rule needs no check. */
  readonly hasAsk: boolean;
}

/** The function of a fact. */
export interface FactFunction {
  readonly fact: ModuleFunction;
  readonly optional: boolean;
  /** Whether only rules that are compared read it. */
  readonly isShadow: boolean;
}

/** The names of the facts that only rules that are compared read. */
export const shadowFacts = ({ facts }: ChannelFunctions): readonly string[] =>
  [...facts].flatMap(([name, { isShadow }]) => (isShadow ? [name] : []));

/** A query for the channels of a principal, and the functions of its values. */
export interface SqlListFunctions {
  readonly query: SqlQuery;
  readonly where: ReadonlyMap<string, ModuleFunction>;
}

type Spec = Readonly<Record<string, unknown>>;

const keys: readonly string[] = [
  'about',
  'denied',
  'also',
  'params',
  'tenant',
  'facts',
  'allow',
  'member',
  'memberOnPrivate',
  'list',
  'ask',
];

/** The parts of a declaration that are not functions. Throws a `TypeError` if one has the wrong type. */
export function readParts(spec: Spec): Omit<ChannelParts, 'facts' | 'rules'> {
  onlyKeys(spec, keys, 'a declaration');
  const { about, denied, also = [], tenant, memberOnPrivate = false } = spec;
  if (typeof about !== 'string' || about.trim() === '') throw new TypeError('about is missing');
  if (!isOptionalText(denied)) throw new TypeError('denied is not a string');
  checkSentences({ about, denied });
  if (!isOptionalText(tenant)) throw new TypeError('tenant is not a string');
  if (typeof memberOnPrivate !== 'boolean') throw new TypeError('memberOnPrivate is not a boolean');
  const forms = Array.isArray(also) ? Array.from<unknown>(also) : [also];
  const unknown = forms.find((each) => !patternForms.some((form) => form === each));
  if (unknown !== undefined) throw new TypeError(`also may have ${patternForms.join(', ')} only`);
  const known = patternForms.filter((form) => forms.includes(form));
  const ask = readAsk(spec['ask']);
  return { about, denied, also: known, params: readParams(spec), tenant, memberOnPrivate, ask };
}

const isOptionalText = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === 'string';

/** Texts of one sentence, as in YAML. */
function checkSentences(texts: Readonly<Record<string, string | undefined>>): void {
  for (const [key, text] of Object.entries(texts)) {
    const problem = text === undefined ? undefined : partProblem('sentence', text, key);
    if (problem !== undefined) throw new TypeError(problem);
  }
}

function readParams(spec: Spec): Readonly<Record<string, ParamType>> {
  for (const [name, type] of entriesOf(spec, 'params')) {
    if (typeof type !== 'string' && typeof type !== 'object') throw notAParam(name);
    const problem = partProblem('param', type, `params.${name}`);
    if (problem !== undefined)
      throw typeof type === 'string' ? notAParam(name) : new TypeError(problem);
    // Throws for a range without characters.
    paramOf(type as ParamType);
  }
  return (spec['params'] ?? {}) as Readonly<Record<string, ParamType>>;
}

const notAParam = (name: string): TypeError =>
  new TypeError(`params.${name} is not id, int, uuid, slug or { characters, max }`);

/** The functions of a declaration. Throws a `TypeError` if one is not a function. */
export function readFunctions(spec: Spec): ChannelFunctions {
  const mode = askModeOf(spec['ask']);
  const allow = readAllow(spec, mode);
  const member = functionsOf(spec, 'member');
  const { list, sqlList } = readLists(spec);
  for (const name of [...member.keys(), ...list.keys(), ...sqlList.keys()]) {
    if (!allow.has(name)) throw new TypeError(`allow has no ${name}`);
  }
  const params = entriesOf(spec, 'params').map(([name]) => name);
  const hasAsk = mode === 'decides';
  if (hasAsk && list.size + sqlList.size > 0) {
    throw new TypeError(
      'list: the application decides about this channel, so it cannot have a list',
    );
  }
  if (params.length === 0 && sqlList.size > 0) {
    throw new TypeError('list: a channel without parameters needs no query; return { params: {} }');
  }
  const functions = { params, facts: readFacts(spec), allow, member, list, sqlList, hasAsk };
  const [unread] = shadowFacts(functions);
  const hasShadows = [...allow.values()].some(({ deciding, all }) => deciding.length < all.length);
  if (unread !== undefined && !hasShadows) {
    throw new TypeError(`facts.${unread} is for rules with shadow: true, and there is none`);
  }
  return functions;
}

function askModeOf(ask: unknown): AskMode {
  if (ask === undefined) return 'none';
  const { shadow } = Object(ask) as { readonly shadow?: unknown };
  return shadow === true ? 'shadow' : 'decides';
}

function readAllow(spec: Spec, mode: AskMode): ChannelFunctions['allow'] {
  return new Map(
    entriesOf(spec, 'allow').map(([name, declared]) => {
      if (!/^[a-z][a-z0-9_]*$/.test(name) || ['params', 'facts', 'now'].includes(name)) {
        throw new TypeError(`allow.${name} is not a kind of principal`);
      }
      return [name, readRules(name, declared, mode)];
    }),
  );
}

const readFacts = (spec: Spec): ChannelFunctions['facts'] =>
  new Map(entriesOf(spec, 'facts').map(([name, source]) => [name, readFact(name, source)]));

function readFact(name: string, source: unknown): FactFunction {
  const declared = typeof source === 'function' ? { fact: source } : (source as Spec);
  if (typeof declared === 'object') {
    onlyKeys({ ...declared }, ['fact', 'optional', 'shadow'], `facts.${name}`);
  }
  const { fact, optional = false, shadow: isShadow = false } = { ...declared } as Spec;
  if (
    typeof fact !== 'function' ||
    typeof optional !== 'boolean' ||
    typeof isShadow !== 'boolean'
  ) {
    throw new TypeError(`facts.${name} is not a function, nor { fact, optional, shadow }`);
  }
  return { fact: fact as ModuleFunction, optional, isShadow };
}

/** The lists that are functions, and those that are queries. */
function readLists(spec: Spec): Pick<ChannelFunctions, 'list' | 'sqlList'> {
  const entries = entriesOf(spec, 'list');
  const isQuery = ([, each]: readonly [string, unknown]) => typeof each === 'object';
  const functions = Object.fromEntries(entries.filter((entry) => !isQuery(entry)));
  return {
    list: functionsOf({ list: functions }, 'list'),
    sqlList: new Map(
      entries.filter(isQuery).map(([name, each]) => [name, readSqlList(name, each as Spec)]),
    ),
  };
}

function readSqlList(name: string, spec: Spec): SqlListFunctions {
  onlyKeys(spec, ['sql', 'where'], `list.${name}`);
  const where = functionsOf(spec, 'where');
  if (where.size === 0) throw new TypeError(`list.${name} has no where with a condition`);
  const invalid = (why: string) => new TypeError(`list.${name}: ${why}`);
  return { query: readSqlSpec(spec['sql'] as SqlSpec, [...where.keys()], invalid), where };
}

function functionsOf(spec: Spec, key: string): ReadonlyMap<string, ModuleFunction> {
  return new Map(
    entriesOf(spec, key).map(([name, each]) => {
      if (typeof each !== 'function') throw new TypeError(`${key}.${name} is not a function`);
      return [name, each as ModuleFunction];
    }),
  );
}

function entriesOf(spec: Spec, key: string): readonly (readonly [string, unknown])[] {
  const value = spec[key] ?? {};
  if (typeof value !== 'object' || Array.isArray(value))
    throw new TypeError(`${key} is not an object`);
  return Object.entries(value);
}

function onlyKeys(value: Spec, known: readonly string[], what: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  throw new TypeError(`unknown key ${unknown} of ${what}; ${hint(unknown, known)}`);
}

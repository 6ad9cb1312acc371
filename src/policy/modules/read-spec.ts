import { patternForms } from '../channel-name.ts';
import type { ChannelParts } from '../channel-type.ts';
import { paramOf, type ParamType } from '../param.ts';
import type { ModuleFunction } from './module-function.ts';

/** The functions of a channel’s declaration, by the names of facts and of principals. */
export interface ChannelFunctions {
  readonly params: readonly string[];
  readonly facts: ReadonlyMap<
    string,
    { readonly fact: ModuleFunction; readonly optional: boolean }
  >;
  readonly allow: ReadonlyMap<string, ModuleFunction>;
  readonly member: ReadonlyMap<string, ModuleFunction>;
  readonly list: ReadonlyMap<string, ModuleFunction>;
}

type Spec = Readonly<Record<string, unknown>>;

const keys: readonly string[] = [
  ...['about', 'denied', 'also', 'params', 'tenant', 'facts', 'allow'],
  ...['member', 'memberOnPrivate', 'list'],
];

/** The parts of a declaration that are no functions. Throws a `TypeError` if one has the wrong type. */
export function readParts(spec: Spec): Omit<ChannelParts, 'facts' | 'rules'> {
  onlyKeys(spec, keys, 'a declaration');
  const { about, denied, also = [], tenant, memberOnPrivate = false } = spec;
  if (typeof about !== 'string' || about.trim() === '') throw new TypeError('about is missing');
  if (!isOptionalText(denied)) throw new TypeError('denied is not a string');
  if (!isOptionalText(tenant)) throw new TypeError('tenant is not a string');
  if (typeof memberOnPrivate !== 'boolean') throw new TypeError('memberOnPrivate is not a boolean');
  const forms = Array.isArray(also) ? Array.from<unknown>(also) : [also];
  const unknown = forms.find((each) => !patternForms.some((form) => form === each));
  if (unknown !== undefined) throw new TypeError(`also may have ${patternForms.join(', ')} only`);
  const known = patternForms.filter((form) => forms.includes(form));
  return { about, denied, also: known, params: readParams(spec), tenant, memberOnPrivate };
}

const isOptionalText = (value: unknown): value is string | undefined =>
  value === undefined || typeof value === 'string';

function readParams(spec: Spec): Readonly<Record<string, ParamType>> {
  for (const [name, type] of entriesOf(spec, 'params')) {
    // The type of a module is not checked: `paramOf` finds nothing for an unknown one.
    if ((paramOf(type as ParamType) as unknown) === undefined) {
      throw new TypeError(`params.${name} is not id, int, uuid, slug or { characters, max }`);
    }
  }
  return (spec['params'] ?? {}) as Readonly<Record<string, ParamType>>;
}

/** The functions of a declaration. Throws a `TypeError` if one is not a function. */
export function readFunctions(spec: Spec): ChannelFunctions {
  const allow = functionsOf(spec, 'allow');
  for (const name of allow.keys()) {
    if (!/^[a-z][a-z0-9_]*$/.test(name) || ['params', 'facts', 'now'].includes(name)) {
      throw new TypeError(`allow.${name} is not a kind of principal`);
    }
  }
  const [member, list] = [functionsOf(spec, 'member'), functionsOf(spec, 'list')];
  for (const name of [...member.keys(), ...list.keys()]) {
    if (!allow.has(name)) throw new TypeError(`allow has no ${name}`);
  }
  const params = entriesOf(spec, 'params').map(([name]) => name);
  return { params, facts: readFacts(spec), allow, member, list };
}

function readFacts(spec: Spec): ChannelFunctions['facts'] {
  return new Map(
    entriesOf(spec, 'facts').map(([name, source]) => {
      if (typeof source === 'function') {
        return [name, { fact: source as ModuleFunction, optional: false }];
      }
      const { fact, optional = false, ...others } = { ...(source as Spec) };
      if (typeof fact !== 'function' || typeof optional !== 'boolean') {
        throw new TypeError(`facts.${name} is not a function, nor { optional, fact }`);
      }
      onlyKeys(others, [], `facts.${name}`);
      return [name, { fact: fact as ModuleFunction, optional }];
    }),
  );
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
  throw new TypeError(`unknown key ${unknown} of ${what}; known are ${known.join(', ')}`);
}

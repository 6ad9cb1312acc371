/** A value that a schema forbids. */
export interface Forbidden {
  readonly why: string;
  readonly value: unknown;
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, Rule>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean;
}

interface Rule {
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: Rule;
}

type Fields = Readonly<Record<string, unknown>>;

/** Everything that this schema of an object forbids, one fault each, made of a good value; `follow` resolves references. */
export function forbiddenBy(
  schema: object,
  good: unknown,
  follow: (rule: object) => object,
): readonly Forbidden[] {
  const { properties = {}, required = [], additionalProperties } = schema as ObjectSchema;
  const whole = good as Fields;
  const without = required.map((name) => {
    const left = Object.entries(whole).filter(([field]) => field !== name);
    return { why: `without ${name}`, value: Object.fromEntries(left) };
  });
  const wrong = Object.entries(properties).flatMap(([name, rule]) =>
    wrongValues(follow(rule)).map(([why, value]) => ({
      why: `${name} ${why}`,
      value: { ...whole, [name]: value },
    })),
  );
  const more = { why: 'with a field too many', value: { ...whole, unheard_of: 'x' } };
  return [...without, ...wrong, ...(additionalProperties === false ? [more] : [])];
}

/** Values that this schema forbids, and why. */
export function wrongValues(rule: Rule): readonly (readonly [why: string, value: unknown])[] {
  const { pattern, minLength, maxLength, minItems, maxItems, items } = rule;
  const types = [rule.type ?? []].flat();
  const item = items && (wrongValues(items)[0]?.[1] ?? {});
  const many = (count: number) => Array.from({ length: count }, (_one, i) => String(i));
  return [
    ...(types.length > 0
      ? [['of another type', types.includes('object') ? 'x' : {}] as const]
      : []),
    ...(types.includes('number') || types.length === 0 ? [] : [['a number', 7.5] as const]),
    ...(rule.enum ? [['of no known value', 'unheard of'] as const] : []),
    ...(pattern === undefined ? [] : [['out of pattern', 'a\u0000'] as const]),
    ...(minLength === undefined ? [] : [['empty', ''] as const]),
    ...(maxLength === undefined ? [] : [['too long', '1'.repeat(maxLength + 1)] as const]),
    ...(minItems === undefined ? [] : [['an empty list', []] as const]),
    ...(maxItems === undefined ? [] : [['a long list', many(maxItems + 1)] as const]),
    ...(rule.uniqueItems === true ? [['with an item twice', ['1', '1']] as const] : []),
    ...(item === undefined ? [] : [['with a wrong item', [item]] as const]),
  ];
}

import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import '../../../src/policy/yaml/read-policy.ts';

interface Schema {
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema | boolean>>;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

const names = ['policy.schema.json', 'policy-test.schema.json', 'answers.schema.json'];
const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../policies/${name}`, import.meta.url), 'utf8')) as Schema;
const schemas = new Map(names.map((name) => [name, read(name)]));
const ajv = new Ajv2020({ allowUnionTypes: true });
ajv.addSchema([...schemas].map(([name, schema]) => ({ $id: name, ...schema })));

/** Each property of a schema: its JSON pointer and itself. */
const propertiesIn = (value: unknown, at: string): [string, Schema][] => {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const pointer = `${at}/${key}`;
    const isProperties =
      key === 'properties' && !/\/(?:allOf\/\d+|if|then|else)(?:\/then)?$/.test(at);
    const own = isProperties
      ? Object.entries(inner as Record<string, Schema>).map(
          ([name, property]): [string, Schema] => [...([`${pointer}/${name}`, property] as const)],
        )
      : [];
    return key === 'examples' ? [] : [...own, ...propertiesIn(inner, pointer)];
  });
};

const resolve = (schema: Schema, file: string): Schema => {
  if (schema.$ref === undefined) return schema;
  const [other, pointer = ''] = schema.$ref.split('#/$defs/');
  return { ...schemas.get(other === '' ? file : other!)!.$defs![pointer], ...schema };
};

describe.each(names)('%s', (name) => {
  it.each(propertiesIn(schemas.get(name), ''))(
    '%s has a description and valid examples',
    (pointer, own) => {
      const { description, examples = [] } = resolve(own, name);
      expect(description).toMatch(/^[\w`].*\w/);
      expect(examples).not.toHaveLength(0);
      for (const example of examples) {
        const validate = ajv.getSchema(`${name}#${pointer}`)!;
        expect([example, validate(example), validate.errors]).toEqual([example, true, null]);
      }
    },
  );
});

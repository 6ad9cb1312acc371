import { readFileSync } from 'node:fs';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { orderProblems, type Problem } from './problem.ts';
import type { YamlDocument } from './read-document.ts';
import { causesOf, describeError } from './schema-error.ts';

/** A published schema, by the name of its file in `policies/`. */
export type SchemaName = 'policy.schema.json' | 'policy-test.schema.json' | 'answers.schema.json';

const schemaNames: readonly SchemaName[] = [
  'policy.schema.json',
  'policy-test.schema.json',
  'answers.schema.json',
];

/** `policies/` is beside `src/` and `dist/`. */
const readSchema = (name: SchemaName): object =>
  JSON.parse(readFileSync(new URL(`../../../policies/${name}`, import.meta.url), 'utf8')) as object;

let compiled: Ajv2020 | undefined;

/** The validator of a schema. The schemas are compiled when the first file is read. */
function validatorOf(name: SchemaName): ValidateFunction {
  if (compiled === undefined) {
    compiled = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true });
    compiled.addSchema(schemaNames.map((each) => ({ $id: each, ...readSchema(each) })));
  }
  const validator = compiled.getSchema(name);
  if (validator === undefined) throw new Error(`No schema ${name}`);
  return validator;
}

/** The problems of a document by one of the schemas, with their places. */
export function validate(
  file: string,
  document: YamlDocument,
  schema: SchemaName,
): readonly Problem[] {
  const validator = validatorOf(schema);
  if (validator(document.value)) return [];
  const problems = causesOf(validator.errors ?? []).map((error) => {
    const { path, part, message } = describeError(error);
    return { file, ...document.locate(path, part), message };
  });
  return orderProblems(problems);
}

/** The problems of a part of a policy that a module declares, by its name in the schema. */
export function validatePart(
  part: 'httpFact' | 'ask' | 'sqlList',
  value: unknown,
): readonly string[] {
  validatorOf('policy.schema.json');
  const validator = compiled?.getSchema(`policy.schema.json#/$defs/${part}`);
  if (validator === undefined) throw new Error(`No schema ${part}`);
  if (validator(value)) return [];
  return causesOf(validator.errors ?? []).map((error) => describeError(error).message);
}

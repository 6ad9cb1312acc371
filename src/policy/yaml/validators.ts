import { readFileSync } from 'node:fs';
import { Ajv2020, type Options, type ValidateFunction } from 'ajv/dist/2020.js';
import { packagePath } from '../../runtime/package-path.ts';

/** The published schemas, by the names of their files in `policies/`. */
const schemaNames = [
  'policy.schema.json',
  'policy-test.schema.json',
  'answers.schema.json',
] as const;

export type SchemaName = (typeof schemaNames)[number];

/** The parts of a policy that a module declares, by their names in its schema. */
const partNames = [
  ...(['httpFact', 'ask', 'sqlList', 'param'] as const),
  ...(['name', 'sentence', 'path', 'checkName', 'code'] as const),
] as const;

export type PartName = (typeof partNames)[number];

/** A schema, or the part of a policy in its schema. */
export type ValidatorName = SchemaName | `policy.schema.json#/$defs/${PartName}`;

/** The schemas for which there are validators. */
export const validatorNames: readonly ValidatorName[] = [
  ...schemaNames,
  ...partNames.map((part) => `policy.schema.json#/$defs/${part}` as const),
];

/** Creates a compiler of the published schemas. */
export function createCompiler(code: Options['code'] = {}): Ajv2020 {
  const compiler = new Ajv2020({ allErrors: true, verbose: true, allowUnionTypes: true, code });
  compiler.addSchema(schemaNames.map((name) => ({ $id: name, ...readSchema(name) })));
  return compiler;
}

function readSchema(name: SchemaName): object {
  return JSON.parse(readFileSync(packagePath('policies', name), 'utf8')) as object;
}

let compiler: Ajv2020 | undefined;

/**
 * Returns the validator of a schema, compiled when the first file is read. `deploy/bundle.ts` replaces this module with the
 * compiled validators, because the compiler takes a third of the processor time of a start.
 */
export function validatorOf(name: ValidatorName): ValidateFunction {
  compiler ??= createCompiler();
  const validator = compiler.getSchema(name);
  if (validator === undefined) throw new Error(`No schema ${name}`);
  return validator;
}

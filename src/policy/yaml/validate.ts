import { orderProblems, type Problem } from './problem.ts';
import type { YamlDocument } from './read-document.ts';
import { causesOf, describeError } from './schema-error.ts';
import { validatorOf, type PartName, type SchemaName } from './validators.ts';

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

/**
 * The first problem of a part of a policy that a module declares, by its name in the schema; `undefined` if there is none. `what`
 * names the part in the message.
 */
export function partProblem(
  part: PartName,
  value: unknown,
  what: string = part,
): string | undefined {
  const validator = validatorOf(`policy.schema.json#/$defs/${part}`);
  if (validator(value)) return undefined;
  const [cause] = causesOf(validator.errors ?? []);
  return cause === undefined ? `${what} is invalid` : describeError(cause, what).message;
}

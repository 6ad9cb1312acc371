import type { ValueType } from '../fact-kind.ts';

/** The types of the names that an expression may read. */
export type Scope = Readonly<Record<string, ValueType | ObjectType>>;

/** The fields of an object. An object may contain objects. */
export type ObjectType = Readonly<Record<string, ObjectField>>;

export interface ObjectField {
  readonly type: ValueType | ObjectType;
  /** Whether an object may lack the field. Reading a field that is absent is an evaluation error; `has()` tests for it. */
  readonly optional: boolean;
}

/** The reserved words of CEL: https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax */
const words = new Set(
  'as break const continue else false for function if import in let loop null package namespace return true var void while'.split(
    ' ',
  ),
);

/** The names that CEL declares as variables or as types. An object may have fields with these names, such as `facts.order.type`. */
const declared = new Set(
  'bool bytes cel double dyn google int list map null_type optional string type uint'.split(' '),
);

/** Whether expressions can read a variable with this name. */
export const isExpressionName = (name: string): boolean => isFieldName(name) && !declared.has(name);

/** Whether expressions can read a field with this name. */
export function isFieldName(name: string): boolean {
  // Inherited properties such as `constructor` would be present in every object.
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !words.has(name) && !(name in Object.prototype);
}

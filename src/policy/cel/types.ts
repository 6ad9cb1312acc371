import type { ObjectType } from './scope.ts';
import type { ASTNode } from '@marcbachmann/cel-js';

export type ScalarType = 'string' | 'int' | 'double' | 'bool' | 'timestamp';
type ListType = `list(${Exclude<ScalarType, 'timestamp'>})`;
/** The type of a part of an expression. The result of a complete expression is never a duration or an object. */
export type Type = ScalarType | ListType | 'duration' | ObjectType;

export const listTypes: readonly ListType[] = [
  'list(string)',
  'list(int)',
  'list(double)',
  'list(bool)',
];

export const isList = (type: Type): type is ListType =>
  typeof type === 'string' && type.startsWith('list(');

export const isObject = (type: Type): type is ObjectType => typeof type !== 'string';

export const elementOf = (list: ListType): ScalarType => list.slice(5, -1) as ScalarType;

/** The type of a list of such elements, or `undefined` if there is none. */
export const listOf = (element: Type): ListType | undefined =>
  listTypes.find((list) => elementOf(list) === element);

/** The type as messages name it. */
export const nameOf = (type: Type): string => (isObject(type) ? 'object' : type);

/** A part of an expression: an operator and its operands. */
export type Node<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>;

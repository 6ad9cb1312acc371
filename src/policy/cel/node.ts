import type { ASTNode } from '@marcbachmann/cel-js';

/** A part of an expression: an operator and its operands. */
export type Node<Op extends ASTNode['op']> = Extract<ASTNode, { op: Op }>;

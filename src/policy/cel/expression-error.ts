/** An expression that cannot be compiled. The message does not repeat the position. */
export class ExpressionError extends Error {
  /** The UTF-16 offset of the fault in the source. */
  readonly offset: number;

  constructor(message: string, offset: number) {
    super(message);
    this.name = 'ExpressionError';
    this.offset = offset;
  }
}

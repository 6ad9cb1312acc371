/** A fact that cannot be stored, as a sentence for the operator, which names the field and never its value. */
export class FactRefused extends Error {
  override readonly name = 'FactRefused';

  constructor(
    message: string,
    /** The place of the fact in a list, counted from 0. */
    readonly index?: number,
  ) {
    super(message);
  }
}

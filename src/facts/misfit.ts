/** Why an answer of a source is neither a fact nor none. The message is for the operator, and never has a value. */
export class Misfit extends Error {
  override readonly name = 'Misfit';
}

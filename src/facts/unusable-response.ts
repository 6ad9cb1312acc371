/** An unusable response of a source: neither a fact nor its absence. The message is for the operator, and never has a value. */
export class UnusableResponse extends Error {
  override readonly name = 'UnusableResponse';
}

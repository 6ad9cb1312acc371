/** The reason why an export or an import was refused, as sentences for the operator, without values of rows. */
export class TransferRefused extends Error {
  override readonly name = 'TransferRefused';
}

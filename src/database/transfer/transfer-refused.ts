/** Why an export or an import was not made, in sentences for the operator, without values of rows. */
export class TransferRefused extends Error {
  override readonly name = 'TransferRefused';
}

/** Why Usher must not start on this database, in one sentence for the operator, without addresses or secrets. */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

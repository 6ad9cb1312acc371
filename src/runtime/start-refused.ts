/**
 * The reason for which Usher must not start on this database: one sentence for the operator, without addresses or
 * secrets.
 */
export class StartRefused extends Error {
  override readonly name = 'StartRefused';
}

/** The `key` of a fact in the database: the JSON text of its ids, as the trigger of `facts` writes it. */
export function factKey(ids: readonly string[]): string {
  return JSON.stringify(ids);
}

import { environmentOf } from './environment.ts';
import type { Scope } from './scope.ts';

/** The names of the fields of an object of the scope, such as `facts`, that a valid expression reads. */
export function fieldsRead(source: string, scope: Scope, object: string): ReadonlySet<string> {
  const fields = new Set<string>();
  const visit = (part: unknown): void => {
    if (Array.isArray(part)) part.forEach(visit);
    if (!isNode(part)) return;
    const [receiver, name] = Array.isArray(part.args) ? (part.args as readonly unknown[]) : [];
    const isField = part.op === '.' && isNode(receiver) && receiver.op === 'id';
    if (isField && receiver.args === object && typeof name === 'string') fields.add(name);
    visit(part.args);
  };
  visit(environmentOf(scope).environment.parse(source).ast);
  return fields;
}

function isNode(part: unknown): part is { readonly op: string; readonly args: unknown } {
  return typeof part === 'object' && part !== null && 'op' in part && 'args' in part;
}

import { Secret } from './secret.ts';

/** True if two settings, or objects, lists and maps of them, have the same values. Secrets are compared by their texts. */
export function isSameValue(left: unknown, right: unknown): boolean {
  if (Object.is(left, right)) return true;
  if (left instanceof Secret && right instanceof Secret) return left.reveal() === right.reveal();
  if (left instanceof URL && right instanceof URL) return left.href === right.href;
  if (left instanceof Map && right instanceof Map) return isSameValue([...left], [...right]);
  if (!isPlain(left) || !isPlain(right) || Array.isArray(left) !== Array.isArray(right))
    return false;
  const names = Object.keys(left);
  return (
    names.length === Object.keys(right).length &&
    names.every((name) => Object.hasOwn(right, name) && isSameValue(left[name], right[name]))
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) return true;
  return (
    typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

import { setImmediate } from 'node:timers/promises';
import { createProcessHeap } from '../../src/runtime/heap.ts';

/** What is still in memory after a full collection. */
export async function survivorsOf<T extends object>(
  references: readonly WeakRef<T>[],
): Promise<readonly WeakRef<T>[]> {
  // What was referred to weakly stays until the end of this turn.
  await setImmediate();
  createProcessHeap().collect();
  return references.filter((each) => each.deref() !== undefined);
}

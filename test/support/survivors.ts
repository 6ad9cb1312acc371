import { setImmediate } from 'node:timers/promises';
import { createProcessHeap } from '../../src/runtime/heap.ts';

/** Counts objects that are still in memory after a full collection. */
export async function survivorsOf<T extends object>(
  references: readonly WeakRef<T>[],
): Promise<readonly WeakRef<T>[]> {
  // Targets of a WeakRef stay alive until the end of the current job.
  await setImmediate();
  createProcessHeap().collect();
  return references.filter((each) => each.deref() !== undefined);
}

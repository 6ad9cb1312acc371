import { isOutage, type Unavailable } from './unavailable.ts';

interface BatchesDeps<Item, Result> {
  /** Processes items together. The results have the order of the items. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** The maximum number of items of a batch. */
  readonly maxItems: number;
  /**
   * With this many queued items, a second batch runs concurrently. Without a threshold, batches never run concurrently.
   */
  readonly threshold?: number | undefined;
  /** The maximum length of the queue, and the error of an item that does not fit. Without it, the queue is not bounded. */
  readonly bound?: { readonly maxQueued: number; readonly full: () => Error };
  /** Resolves when the first batch after an idle period may start. Without it, that batch starts at once. */
  readonly beforeFirst?: () => Promise<unknown>;
  /** True if one item caused the error of its batch. Without it, an error always fails the whole batch. */
  readonly isItemError?: (error: unknown) => boolean;
}

/** A queue whose items are processed in batches. */
export interface Batches<Item, Result> {
  /** Queues an item and resolves to its result. Rejects with the error of its batch. */
  readonly add: (item: Item) => Promise<Result>;
  /** Returns the number of items that are not in a batch yet. */
  readonly queued: () => number;
  /** Resolves when the queue is empty and no batch is running. */
  readonly idle: () => Promise<void>;
}

interface QueuedItem<Item, Result> {
  readonly item: Item;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Collects the items that arrive while a batch is running into the next batch, as databases do with commits (group
 * commit). An item that arrives while no batch is running is not delayed. Items are processed in order, each in a batch
 * that starts after the item was added.
 */
export function createBatches<Item, Result>(
  deps: BatchesDeps<Item, Result>,
): Batches<Item, Result> {
  const { run, maxItems, threshold = Infinity, bound, beforeFirst } = deps;
  const { isItemError = () => false } = deps;
  const queue: QueuedItem<Item, Result>[] = [];
  let running: Promise<void> | undefined;
  let runningSecond: Promise<void> | undefined;

  const runBatches = async (): Promise<void> => {
    if (beforeFirst !== undefined) await beforeFirst();
    while (queue.length > 0) await runBatch(queue.splice(0, maxItems));
    running = undefined;
  };
  /** While the database writes one batch to the disk, it can process the other. */
  const runSecond = async (): Promise<void> => {
    while (queue.length >= threshold) await runBatch(queue.splice(0, maxItems));
    runningSecond = undefined;
  };
  const runBatch = async (batch: readonly QueuedItem<Item, Result>[]): Promise<void> => {
    try {
      const results = await run(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(results[index] as Result);
    } catch (error) {
      if (isItemError(error) && batch.length > 1) {
        // One invalid item must not fail the others, so the batch is retried in halves.
        const middle = batch.length >> 1;
        await runBatch(batch.slice(0, middle));
        await runBatch(batch.slice(middle));
        return;
      }
      for (const { reject } of batch) reject(error);
      if (isOutage(error)) rejectQueued(error);
    }
  };
  /** Rejects all queued items: the next batch would fail with the same outage, only later. */
  const rejectQueued = (error: Unavailable): void => {
    for (const { reject } of queue.splice(0)) reject(error);
  };

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        if (bound !== undefined && queue.length >= bound.maxQueued) {
          reject(bound.full());
          return;
        }
        queue.push({ item, resolve, reject });
        running ??= runBatches();
        if (queue.length >= threshold) runningSecond ??= runSecond();
      }),
    queued: () => queue.length,
    idle: async () => {
      await Promise.all([running, runningSecond]);
    },
  };
}

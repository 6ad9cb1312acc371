import { isOutage, type Unavailable } from './unavailable.ts';

/** How items are dealt with. */
export interface BatchesDeps<Item, Result> {
  /** Deals with items together: the answer to each stands in its item's place. */
  readonly run: (items: readonly Item[]) => Promise<readonly Result[]>;
  /** Items of one batch at most. */
  readonly maxItems: number;
  /** So many waiting items get a second batch beside the one that is under way; without, there is never one. */
  readonly threshold?: number | undefined;
  /** Resolves when the first batch after a pause may begin; it begins at once without. */
  readonly beforeFirst?: () => Promise<unknown>;
  /** True for what a batch failed of because of one of its items; without, that is never so. */
  readonly isItemError?: (error: unknown) => boolean;
}

/** Items on their way through batches. */
export interface Batches<Item, Result> {
  /** Resolves to the item's answer; throws what its batch failed of. */
  readonly add: (item: Item) => Promise<Result>;
  /** How many items wait for a batch. */
  readonly queued: () => number;
  /** Resolves when no item waits and none is being dealt with. */
  readonly idle: () => Promise<void>;
}

interface QueuedItem<Item, Result> {
  readonly item: Item;
  readonly resolve: (answer: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Deals in one batch with what arrives while another is under way, as databases themselves do with commits: an item that
 * comes alone does not wait for company. Items go in their order, and each in a batch that begins after it came.
 */
export function createBatches<Item, Result>(
  deps: BatchesDeps<Item, Result>,
): Batches<Item, Result> {
  const { run, maxItems, threshold = Infinity, beforeFirst, isItemError = () => false } = deps;
  const queue: QueuedItem<Item, Result>[] = [];
  let running: Promise<void> | undefined;
  let runningSecond: Promise<void> | undefined;

  const runBatches = async (): Promise<void> => {
    if (beforeFirst !== undefined) await beforeFirst();
    while (queue.length > 0) await runBatch(queue.splice(0, maxItems));
    running = undefined;
  };
  /** While one batch is being written to the disk, the database can work on the other. */
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
        // One item must not be the end of its neighbours: half by half the others find their way.
        const middle = batch.length >> 1;
        await runBatch(batch.slice(0, middle));
        await runBatch(batch.slice(middle));
        return;
      }
      for (const { reject } of batch) reject(error);
      if (isOutage(error)) rejectQueued(error);
    }
  };
  /** The next batch would meet the same outage, and who waits would wait for as long again, to be refused as well. */
  const rejectQueued = (error: Unavailable): void => {
    for (const { reject } of queue.splice(0)) reject(error);
  };

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
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

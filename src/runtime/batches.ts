import { isOutage, type Unavailable } from './unavailable.ts';

/** How items are dealt with. */
export interface BatchesPorts<Item, Answer> {
  /** Deals with items together: the answer to each stands in its item's place. */
  readonly deal: (items: readonly Item[]) => Promise<readonly Answer[]>;
  /** Items of one batch at most. */
  readonly most: number;
  /** So many waiting items get a second batch beside the one that is under way; without, there is never one. */
  readonly crowd?: number | undefined;
  /** Resolves when the first batch after a pause may begin; it begins at once without. */
  readonly mayBegin?: () => Promise<unknown>;
  /** True for what a batch failed of because of one of its items; without, that is never so. */
  readonly isOfOneItem?: (error: unknown) => boolean;
}

/** Items on their way through batches. */
export interface Batches<Item, Answer> {
  /** Resolves to the item's answer; throws what its batch failed of. */
  readonly add: (item: Item) => Promise<Answer>;
  /** How many items wait for a batch. */
  readonly waiting: () => number;
  /** Resolves when no item waits and none is being dealt with. */
  readonly idle: () => Promise<void>;
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Deals in one batch with what arrives while another is under way, as databases themselves do with commits: an item that
 * comes alone does not wait for company. Items go in their order, and each in a batch that begins after it came.
 */
export function createBatches<Item, Answer>(
  ports: BatchesPorts<Item, Answer>,
): Batches<Item, Answer> {
  const { deal, most, crowd = Infinity, mayBegin, isOfOneItem = () => false } = ports;
  const queue: Waiting<Item, Answer>[] = [];
  let running: Promise<void> | undefined;
  let relieving: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    if (mayBegin !== undefined) await mayBegin();
    while (queue.length > 0) await settle(queue.splice(0, most));
    running = undefined;
  };
  /** While one batch is being written to the disk, the database can work on the other. */
  const relieve = async (): Promise<void> => {
    while (queue.length >= crowd) await settle(queue.splice(0, most));
    relieving = undefined;
  };
  const settle = async (batch: readonly Waiting<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await deal(batch.map(({ item }) => item));
      for (const [index, { resolve }] of batch.entries()) resolve(answers[index] as Answer);
    } catch (error) {
      if (isOfOneItem(error) && batch.length > 1) {
        // One item must not be the end of its neighbours: half by half the others find their way.
        const middle = batch.length >> 1;
        await settle(batch.slice(0, middle));
        await settle(batch.slice(middle));
        return;
      }
      for (const { reject } of batch) reject(error);
      if (isOutage(error)) refuseWaiting(error);
    }
  };
  /** The next batch would meet the same outage, and who waits would wait for as long again, to be refused as well. */
  const refuseWaiting = (error: Unavailable): void => {
    for (const { reject } of queue.splice(0)) reject(error);
  };

  return {
    add: (item) =>
      new Promise((resolve, reject) => {
        queue.push({ item, resolve, reject });
        running ??= run();
        if (queue.length >= crowd) relieving ??= relieve();
      }),
    waiting: () => queue.length,
    idle: async () => {
      await Promise.all([running, relieving]);
    },
  };
}

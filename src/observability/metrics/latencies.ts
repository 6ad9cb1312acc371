/** Each bound is 12 % above the one before, from 0.1 ms to more than two minutes. */
const [firstMs, growth, size] = [0.1, 1.12, 126] as const;

const scale = 1 / Math.log(growth);

/** Counts of durations between fixed bounds: of constant size, whatever their number. */
export class Latencies {
  readonly #counts = new Uint32Array(size);
  #total = 0;

  add(ms: number): void {
    const index = ms <= firstMs ? 0 : Math.ceil(Math.log(ms / firstMs) * scale);
    const bounded = Math.min(index, size - 1);
    this.#counts[bounded] = (this.#counts[bounded] ?? 0) + 1;
    this.#total += 1;
  }

  /** The bound in milliseconds that this share of the durations does not exceed, at most 12 % too high; `undefined` without any. */
  quantile(share: number): number | undefined {
    if (this.#total === 0) return undefined;
    const rank = Math.ceil(this.#total * share);
    let seen = 0;
    const index = this.#counts.findIndex((count) => {
      seen += count;
      return seen >= rank;
    });
    return Number((firstMs * growth ** index).toPrecision(3));
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}

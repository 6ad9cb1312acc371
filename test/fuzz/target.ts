import fc from 'fast-check';

/** A parser of untrusted input, with properties that must hold for every input. */
export interface Target {
  readonly name: string;
  /** Generates inputs for some milliseconds, or a number of them, and returns the outcome; the same seed generates the same inputs. */
  readonly run: (bounds: Bounds) => Promise<Outcome>;
}

interface Bounds {
  readonly seed: number;
  readonly milliseconds?: number;
  readonly runs?: number;
}

interface Outcome {
  readonly runs: number;
  /** The smallest input for which it does not hold, with the reason and how to make it again. */
  readonly failure: string | undefined;
}

/** The description of a target. */
interface TargetSpec<Input> {
  readonly name: string;
  readonly input: fc.Arbitrary<Input>;
  /** Throws if a property does not hold. */
  readonly holds: (input: Input) => void | Promise<void>;
  /** The maximum time of one input, in milliseconds. Super-linear work takes minutes. */
  readonly longest?: number;
}

/** Makes a target. */
export function defineTarget<Input>(spec: TargetSpec<Input>): Target {
  const { name, input, holds, longest = 5_000 } = spec;
  const property = fc.asyncProperty(input, async (value) => {
    const start = performance.now();
    await holds(value);
    const took = performance.now() - start;
    if (took > longest) throw new Error(`It took ${Math.round(took)} ms`);
  });
  return {
    name,
    run: async ({ seed, milliseconds, runs = Number.MAX_SAFE_INTEGER }) => {
      const details = await fc.check(property, {
        seed,
        numRuns: runs,
        ...(milliseconds !== undefined && { interruptAfterTimeLimit: milliseconds }),
      });
      if (!details.failed) return { runs: details.numRuns, failure: undefined };
      const failure = [name, String(details.errorInstance), fc.defaultReportMessage(details)];
      return { runs: details.numRuns, failure: failure.join('\n') };
    },
  };
}

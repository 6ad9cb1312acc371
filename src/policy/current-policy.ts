import { PolicyError } from './policy-error.ts';
import type { ReadPolicy } from './load-policy.ts';
import type { Policy } from './policy.ts';

/** The result of a reload. */
export type ReloadResult =
  | { readonly outcome: 'unchanged' | 'changed'; readonly hash: string }
  | { readonly outcome: 'failed'; readonly hash: string; readonly problems: readonly string[] };

/** The policy of this process. Every decision reads it once, so a reload never changes a decision that has begun. */
export interface CurrentPolicy {
  readonly current: () => Policy;
  /** Loads the policy again, and replaces it only if it has no problems and its tests pass. Never throws. */
  readonly reload: () => Promise<ReloadResult>;
  /** The problems of the last reload; `undefined` if it succeeded. */
  readonly failure: () => readonly string[] | undefined;
}

interface CurrentPolicyDeps {
  /** Reads the files of the policy, and those that modules imported before. Throws `PolicyError`. */
  readonly read: (imported: readonly string[]) => Promise<ReadPolicy>;
  /** Runs the tests of a policy. Throws `PolicyError`. */
  readonly test: (policy: Policy) => Promise<void>;
  readonly onReload: (result: ReloadResult) => void;
}

interface FailedReload {
  /** `undefined` if the files could not be read. */
  readonly hash: string | undefined;
  readonly problems: readonly string[];
  readonly imported: readonly string[];
}

/** Loads the policy. Throws `PolicyError` with all problems. */
export async function openPolicy({
  read,
  test,
  onReload,
}: CurrentPolicyDeps): Promise<CurrentPolicy> {
  const buildTested = async ({ build }: ReadPolicy): Promise<Policy> => {
    const policy = await build();
    await test(policy);
    return policy;
  };
  let current = await buildTested(await read([]));
  let failed: FailedReload | undefined;

  const reloadNow = async (): Promise<ReloadResult> => {
    let hash: string | undefined;
    try {
      const files = await read([...new Set([...current.imported, ...(failed?.imported ?? [])])]);
      ({ hash } = files);
      if (hash === current.hash) {
        failed = undefined;
        return { outcome: 'unchanged', hash };
      }
      // Files that failed are not built again until they change.
      if (failed?.hash !== hash) {
        current = await buildTested(files);
        failed = undefined;
        return { outcome: 'changed', hash };
      }
    } catch (error) {
      failed = { hash, problems: problemsOf(error), imported: importedBy(error) };
    }
    return { outcome: 'failed', hash: current.hash, problems: failed.problems };
  };
  // One at a time, so that the last reload is the one with the newest files.
  let pending: Promise<unknown> = Promise.resolve();
  return {
    current: () => current,
    reload: () => {
      const result = pending.then(reloadNow);
      pending = result.then(onReload);
      return result;
    },
    failure: () => failed?.problems,
  };
}

function problemsOf(error: unknown): readonly string[] {
  if (error instanceof PolicyError) return error.problems;
  return [error instanceof Error ? error.message : String(error)];
}

function importedBy(error: unknown): readonly string[] {
  return error instanceof PolicyError ? error.imported : [];
}

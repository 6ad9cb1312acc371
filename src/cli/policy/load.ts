import { loadPolicySources } from '../../config/load.ts';
import type { Environment } from '../../config/read.ts';
import { problemsOfDemo } from '../../facts/demo-facts.ts';
import { loadPolicy } from '../../policy/load-policy.ts';
import { PolicyError } from '../../policy/policy-error.ts';
import type { Policy } from '../../policy/policy.ts';
import type { JUnitCase } from './junit.ts';

/** A policy, or the problems of its files. */
export type Loaded = { readonly policy: Policy } | { readonly problems: readonly string[] };

/** The sources of the command line; by default those of the setting `POLICY`. Other settings are not read. */
export function sourcesOf(paths: readonly string[], env: () => Environment): readonly string[] {
  // As in POLICY, `builtin:one,other` are two of them.
  const sources = paths.flatMap((path) => (path.startsWith('builtin:') ? path.split(',') : path));
  return sources.length > 0 ? sources : loadPolicySources(env());
}

/** Loads a policy. Its problems are a result of these commands, and not an error. */
export async function tryLoad(sources: readonly string[]): Promise<Loaded> {
  try {
    const policy = await loadPolicy(sources);
    const problems = problemsOfDemo(policy.demo);
    return problems.length > 0 ? { problems } : { policy };
  } catch (error) {
    if (!(error instanceof PolicyError)) throw error;
    return { problems: error.problems };
  }
}

/** A problem `FILE:LINE:COLUMN: message`, or that of a module, `FILE:LINE: message`, as a case that failed. */
export function problemCase(problem: string): JUnitCase {
  const [, file, line] = /^(.+?):(\d+)(?::\d+)?: /.exec(problem) ?? [];
  return {
    file: file ?? 'policy',
    name: 'the policy can be loaded',
    problems: [problem],
    ...(line !== undefined && { line: Number(line) }),
  };
}

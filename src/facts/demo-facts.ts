import { FactRefused } from '../policy/fact-refused.ts';
import { PolicyError } from '../policy/policy-error.ts';
import type { DemoFact, DemoPolicy } from '../policy/policy.ts';
import { checkIds, parseFields } from './parse-fields.ts';
import type { PushedFacts } from './pushed-facts.ts';

/** The facts of the demo that cannot be stored, each with its place. */
export const problemsOfDemo = ({ facts }: Pick<DemoPolicy, 'facts'>): readonly string[] =>
  facts.flatMap((fact) => problemOf(fact) ?? []);

function problemOf({ kind, ids, fields, place: { file, line } }: DemoFact): string | undefined {
  try {
    checkIds(kind, ids);
    parseFields(kind, fields);
    return undefined;
  } catch (error) {
    if (!(error instanceof FactRefused)) throw error;
    return `${file}:${line}: a fact of the demo, ${kind.name}: ${error.message}`;
  }
}

/** Stores the missing facts of the demo. Existing facts are not changed. Throws `PolicyError` and `Unavailable`. */
export async function putDemoFacts(
  demo: Pick<DemoPolicy, 'facts'>,
  facts: Pick<PushedFacts, 'read' | 'put'>,
): Promise<void> {
  const problems = problemsOfDemo(demo);
  if (problems.length > 0) throw new PolicyError(problems);
  for (const { kind, ids, fields } of demo.facts) {
    if ((await facts.read(kind, ids)) === undefined) await facts.put(kind, ids, fields);
  }
}

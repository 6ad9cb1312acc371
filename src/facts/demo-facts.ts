import type { DemoPolicy } from '../policy/policy.ts';
import type { PushedFacts } from './pushed-facts.ts';

/** Stores the missing facts of the demo. Existing facts are not changed. Throws `Unavailable`. */
export async function putDemoFacts(
  { facts: demoFacts }: DemoPolicy,
  facts: Pick<PushedFacts, 'read' | 'put'>,
): Promise<void> {
  for (const { kind, ids, fields } of demoFacts) {
    if ((await facts.read(kind, ids)) === undefined) await facts.put(kind, ids, fields);
  }
}

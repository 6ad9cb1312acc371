import type { PolicyTest } from '../policy.ts';
import { exampleFacts, examplePrincipal } from './build-demo.ts';
import type { PolicyParts } from './build-policy.ts';
import type { PolicyTestDocument } from './policy-document.ts';
import type { Problem } from './problem.ts';
import type { ReadFile } from './read-file.ts';
import { createReport } from './report.ts';

/** Builds the expectations of a test file, and reports names that the policy or the file does not declare. */
export function buildTest(
  { file, document, ...locator }: ReadFile<PolicyTestDocument>,
  { factKinds, routes }: PolicyParts,
): { readonly test: PolicyTest; readonly problems: readonly Problem[] } {
  const report = createReport(file, locator);
  const principals = new Map(
    document.principals.map((each) => [each.name, examplePrincipal(each)]),
  );
  const test: PolicyTest = {
    file,
    now: document.now,
    principals,
    facts: exampleFacts(document.facts, { factKinds, report }),
    expect: document.expect.map(({ at, ...expectation }) => {
      const { who, route } = expectation;
      if (who !== undefined && !principals.has(who)) {
        report.unknown([...at, 'who'], {
          what: 'principal',
          name: who,
          known: [...principals.keys()],
        });
      }
      if (route !== undefined && !routes.has(route)) {
        report.unknown([...at, 'route'], { what: 'route', name: route, known: [...routes.keys()] });
      }
      return { ...expectation, line: locator.locate(at).line };
    }),
  };
  return { test, problems: report.problems() };
}

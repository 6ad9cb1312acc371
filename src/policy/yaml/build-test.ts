import type { PolicyExpectation, PolicyTest } from '../policy.ts';
import type { PrincipalKind } from '../principal.ts';
import { exampleFacts, examplePrincipal } from './build-demo.ts';
import type { PolicyParts } from './build-policy.ts';
import type { Expectation, PolicyTestDocument } from './policy-document.ts';
import type { Problem } from './problem.ts';
import { namesInBraces } from './raw.ts';
import type { ReadFile } from './read-file.ts';
import { createReport, type Report } from './report.ts';

/** Builds the expectations of a test file, and reports names that the policy or the file does not declare. */
export function buildTest(
  { file, document, ...locator }: ReadFile<PolicyTestDocument>,
  { factKinds, principals: types, issuers, routes }: PolicyParts,
): { readonly test: PolicyTest; readonly problems: readonly Problem[] } {
  const report = createReport(file, locator);
  const principals = new Map(
    document.principals.map((each) => {
      return [each.name, examplePrincipal(each, { principals: types, issuers, report })] as const;
    }),
  );
  const test: PolicyTest = {
    file,
    now: document.now,
    principals,
    facts: exampleFacts([document.facts, ['facts']], { factKinds, report }),
    expect: document.expect.map((expectation): PolicyExpectation => {
      const { at, ...expected } = expectation;
      const who = expectation.who === undefined ? undefined : principals.get(expectation.who);
      checkRoute(expectation, who?.kind, { routes, report });
      return { ...expected, line: locator.locate(at).line };
    }),
  };
  return { test, problems: report.problems() };
}

/** A request that a route cannot take would be refused for another reason than the expected one. */
function checkRoute(
  { route: path, pins, at }: Expectation,
  kind: PrincipalKind | undefined,
  { routes, report }: { readonly routes: PolicyParts['routes']; readonly report: Report },
): void {
  if (path === undefined) return;
  const route = routes.get(path);
  if (route === undefined) {
    report.unknown([...at, 'route'], { what: 'route', name: path, known: [...routes.keys()] });
    return;
  }
  const accepted = route.credential.kind;
  if (kind !== undefined && kind !== accepted) {
    report.at([...at, 'route'], `the route accepts a ${accepted}, and not a ${kind}`, 'value');
  }
  const names = namesInBraces(path);
  for (const name of Object.keys(pins)) {
    if (names.includes(name)) continue;
    report.unknown([...at, 'pins', name], { what: 'parameter of the route', name, known: names });
  }
  const missing = names.find((name) => !Object.hasOwn(pins, name));
  if (missing !== undefined) report.at(at, `pins does not have ${missing}`);
}

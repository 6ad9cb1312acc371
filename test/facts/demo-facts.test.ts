import { expect, it, vi } from 'vitest';
import { putDemoFacts } from '../../src/facts/demo-facts.ts';
import { PolicyError } from '../../src/policy/policy-error.ts';
import { loadPolicyText } from '../support/load-policy-files.ts';

const policy = (facts: string) =>
  loadPolicyText(`facts:
  course: { ids: [a], fields: { s: { type: string, one_of: [open] } } }
demo:
  facts: { course: [${facts}] }
`);

const stored = () => ({
  read: vi.fn(() => Promise.resolve(undefined)),
  put: vi.fn(() => Promise.resolve({})),
});

it('are stored if they are missing', async () => {
  const facts = stored();
  const { demo } = await policy('{ a: x, s: open }');
  await putDemoFacts(demo, facts);
  expect(facts.put).toHaveBeenCalledExactlyOnceWith(demo.facts[0]?.kind, ['x'], { s: 'open' });
});

it('are problems of the policy if they cannot be stored, and then none is stored', async () => {
  const facts = stored();
  const { demo } = await policy(
    "{ a: x, s: open }, { a: y }, { a: z, s: shut }, { a: '', s: open }",
  );
  const error: unknown = await putDemoFacts(demo, facts).catch((fault: unknown) => fault);
  expect(error).toBeInstanceOf(PolicyError);
  expect((error as PolicyError).problems).toEqual([
    expect.stringMatching(/policy\.yaml:4: a fact of the demo, course: .* 's'$/),
    expect.stringContaining('course: body/s must be one of open'),
    expect.stringContaining('course: a must NOT have fewer than 1 characters'),
  ]);
  expect(facts.put).not.toHaveBeenCalled();
});

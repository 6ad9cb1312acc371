import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compileRule, compileValue } from '../../../src/policy/cel/expression.ts';
import { scope, variables } from './scope.ts';

const page = readFileSync(new URL('../../../docs/policy-expressions.md', import.meta.url), 'utf8');

it('the examples at the top of docs/policy-expressions.md evaluate', () => {
  const examples = /```yaml\n([^`]+)```/.exec(page)?.[1]?.trim().split('\n') ?? [];
  const values = examples.map((source) =>
    compileValue(source, scope, ['bool', 'string'])(variables),
  );
  expect(values).toEqual([true, true, true, false, 'Guest']);
});

it('absent values have the results of docs/policy-expressions.md, for user 15', () => {
  const rows = [...page.matchAll(/^\| `(.*facts\.seat.*?)` +\| (true|false|error)\b/gm)];
  expect(rows).toHaveLength(6);
  for (const [, text = '', expected] of rows) {
    const source = text.replaceAll('\\|', '|');
    const result = [source, `!(${source})`].map((each) => compileRule(each, scope)(variables));
    expect([source, ...result]).toEqual([source, expected === 'true', expected === 'false']);
  }
});

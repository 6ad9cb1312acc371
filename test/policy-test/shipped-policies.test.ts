import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Environment, serialize, type ASTNode } from '@marcbachmann/cel-js';
import { parse, stringify } from 'yaml';
import { describe, expect, it } from 'vitest';
import { shippedDirectory } from '../../src/policy/policy-files.ts';
import { runPolicyTests } from '../../src/policy-test/run-tests.ts';
import { loadPolicyFiles } from '../support/load-policy-files.ts';

type Check = string | { readonly rule: string; readonly code?: string };

interface Policy {
  readonly channels: Record<string, { allow: Record<string, Record<string, Check>> }>;
  readonly routes?: Record<string, { pins?: Record<string, string> }>;
}

const entries = await readdir(shippedDirectory, { withFileTypes: true });
const names = entries
  .filter((entry) => entry.isDirectory() && !['answers', 'issuers'].includes(entry.name))
  .map(({ name }) => name);

const readShipped = async (name: string) => {
  const text = (file: string) => readFile(join(shippedDirectory, name, file), 'utf8');
  return {
    policy: parse(await text('policy.yaml')) as Policy,
    test: await text('policy.test.yaml'),
  };
};

/** The failures of the tests of a shipped policy with this policy in its place. */
async function problemsWith(policy: unknown, test: string): Promise<readonly string[]> {
  const files = { 'policy.yaml': stringify(policy), 'policy.test.yaml': test };
  const { results, uncovered } = await runPolicyTests(await loadPolicyFiles(files), Date.now);
  return [...results.flatMap(({ problems }) => problems), ...uncovered.map((each) => each.pattern)];
}

/**
 * The rule with an expression that always holds, `false`, or each part of its `&&`, `||` and `?:` removed. Not `true`, which
 * means that it refuses nobody.
 */
function brokenRules(rule: string): readonly string[] {
  return ['true', 'now == now', 'false', ...withoutParts(new Environment().parse(rule).ast)];
}

function withoutParts(node: ASTNode): readonly string[] {
  const { op } = node;
  const args: unknown = node.args;
  if (!Array.isArray(args)) return [];
  const parts = (args as ASTNode[]).filter((each) => isNode(each)).slice(op === '?:' ? 1 : 0);
  const shorter = op === '&&' || op === '||' || op === '?:' ? parts.map(serialize) : [];
  // Without a guard `has(x) &&` the rest reads an absent field, which is a refusal as well.
  const isGuard = (part: ASTNode | undefined) => part && serialize(part).startsWith('has(');
  const isKept = (i: number) => op !== '&&' || !isGuard(parts[1 - i]);
  return [
    ...shorter.filter((_part, i) => isKept(i)),
    ...(args as unknown[]).flatMap((part, i) =>
      isNode(part) ? withoutParts(part).map((other) => serializeWith(node, i, other)) : [],
    ),
  ];
}

const isNode = (part: unknown): part is ASTNode =>
  typeof part === 'object' && part !== null && 'op' in part;

/** The text of a node with this text in place of one of its parts. */
function serializeWith(node: ASTNode, i: number, text: string): string {
  const args = node.args as unknown[];
  const part = args[i];
  args[i] = new Environment().parse('PART').ast;
  const written = serialize(node);
  args[i] = part;
  return written.replace('PART', `(${text})`);
}

/** An earlier check of the same rule compares the tenants. */
const equivalent = '(has(user.tenant)) : !has(user.tenant)';

const ruleOf = (check: Check) => (typeof check === 'string' ? check : check.rule);

describe.each(names)('the tests of the policy %s', (name) => {
  it('pass, and cover every rule', async () => {
    const { policy, test } = await readShipped(name);
    expect(await problemsWith(policy, test)).toEqual([]);
  });

  it('fail if any rule is broken', async () => {
    const { policy, test } = await readShipped(name);
    const undetected: string[] = [];
    for (const [pattern, { allow }] of Object.entries(policy.channels)) {
      for (const [kind, checks] of Object.entries(allow)) {
        for (const [check, declared] of Object.entries(checks)) {
          for (const rule of brokenRules(ruleOf(declared))) {
            const changed = structuredClone(policy);
            changed.channels[pattern]!.allow[kind]![check] =
              typeof declared === 'string' ? rule : { ...declared, rule };
            const problems = await problemsWith(changed, test);
            if (problems.length === 0 && !rule.includes(equivalent))
              undetected.push(`${pattern}: ${kind}: ${check}: ${rule}`);
          }
        }
      }
    }
    expect(undetected).toEqual([]);
  });

  it('fail without the constraints of a route', async () => {
    const { policy, test } = await readShipped(name);
    for (const path of Object.keys(policy.routes ?? {})) {
      const changed = structuredClone(policy);
      delete changed.routes![path]!.pins;
      expect(await problemsWith(changed, test)).not.toEqual([]);
    }
  });

  it('fail without a kind of principal', async () => {
    const { policy, test } = await readShipped(name);
    for (const [pattern, { allow }] of Object.entries(policy.channels)) {
      for (const kind of Object.keys(allow).slice(1)) {
        const changed = structuredClone(policy);
        const channel = changed.channels[pattern] as unknown as Record<
          string,
          Record<string, unknown>
        >;
        for (const key of ['allow', 'member', 'list']) delete channel[key]?.[kind];
        expect(await problemsWith(changed, test), pattern).not.toEqual([]);
      }
    }
  });
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { readEveryMetric } from '../support/every-metric.ts';

const textOf = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const { groups } = parse(textOf('deploy/prometheus/alerts.yaml')) as {
  groups: { rules: Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

interface Dashboard {
  readonly panels: readonly { readonly title: string; readonly targets: { expr: string }[] }[];
}

const { panels } = JSON.parse(textOf('deploy/grafana/usher.json')) as Dashboard;

const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
];

/** Labels and metrics that Prometheus adds. */
const added = new Set(['up', 'job', 'instance']);

describe('queries of the alerts', () => {
  let samples: readonly string[];
  beforeAll(async () => {
    samples = (await readEveryMetric()).split('\n').filter((line) => !line.startsWith('#'));
  });

  it.each(expressions)('%s: %s', (_title, expression) => {
    const words = [...expression.matchAll(/\b(?:usher|process|nodejs)_\w+|\bup\b/g)].map(
      ([word]) => word,
    );
    expect(words.length).toBeGreaterThan(0);
    const grouped = [...expression.matchAll(/by \(([^)]+)\)/g)].flatMap(([, l]) => l!.split(', '));
    const chosen = [...expression.matchAll(/\{([^}]+)\}/g)].flatMap(([, pairs]) =>
      pairs!.split(', '),
    );
    for (const word of words.filter((each) => !added.has(each))) {
      const own = samples.filter((line) => line.split(/[ {]/)[0] === word);
      expect(own, word).not.toHaveLength(0);
      for (const label of grouped) expect(own.join('\n')).toContain(`${label}="`);
    }
    // A value that is never exported would make an alarm that is never raised.
    for (const pair of chosen.filter((each) => !added.has(each.split('=')[0]!))) {
      expect(samples.join('\n')).toContain(pair);
    }
  });

  it('the dashboard shows every metric of ours', () => {
    const queries = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)).join('\n');
    const names = samples.flatMap((line) => /^usher_\w+/.exec(line) ?? []);
    const plain = new Set(names.map((name) => name.replace(/_(?:bucket|sum|count)$/, '')));
    expect([...plain].filter((name) => !queries.includes(name))).toStrictEqual([]);
  });
});

describe('alerts', () => {
  it('describe the event and its severity', () => {
    for (const { alert, labels, annotations } of rules) {
      expect([alert, ['critical', 'warning'].includes(labels.severity)]).toStrictEqual([
        alert,
        true,
      ]);
      expect(annotations.summary).not.toBe('');
    }
  });

  it('are in the runbook, in the same order', () => {
    const sections = [...textOf('docs/runbook.md').matchAll(/^## (\w+)$/gm)].map(
      ([, name]) => name,
    );
    expect(sections).toStrictEqual(rules.map(({ alert }) => alert));
  });
});

import { expect, it } from 'vitest';
import { catalogue } from '../../src/channels/index.ts';
import { settings } from '../../src/config/settings.ts';
import type { Setting } from '../../src/config/setting.ts';
import { describeFamily } from '../../src/core/describe.ts';
import { readEveryMetric } from '../support/every-metric.ts';

const note = (from: string) =>
  `<!-- Generated from ${from}: npx vitest run test/docs --update -->\n`;

it('docs/CONFIGURATION.md says what the settings say', async () => {
  const rows = Object.entries<Setting<unknown>>(settings).map(
    ([name, setting]) => `| \`${name}\` | ${setting.doc} | ${shown(setting)} |`,
  );
  const page = `# Configuration

${note('src/config/settings.ts')}
Settings come from the environment, and outside production also from a file \`.env\`. An empty one counts as not set.
All problems are reported at once, by name and never with a value; \`usher check-config\` does only that.
A default marked *development* does not exist with \`NODE_ENV=production\`.

| setting | meaning | default |
|---|---|---|
${rows.join('\n')}
`;
  await expect(page).toMatchFileSnapshot('../../docs/CONFIGURATION.md');
});

it('docs/CHANNELS.md says what the catalogue says', async () => {
  const sections = catalogue.families.map((family) => {
    const { patterns, about, checks } = describeFamily(family);
    const rules = Object.entries(checks).map(
      ([kind, names]) => `A ${kind} enters when all hold: ${names.join('; ')}.`,
    );
    const names = patterns.map((pattern) => `\`${pattern}\``).join('<br>');
    return `| ${names} | ${about} | ${rules.join('<br>')} |`;
  });
  const page = `# Channels

${note('src/channels/')}
A channel that is not in this list is refused. Encrypted forms exist when \`PUSHER_ENCRYPTION_MASTER_KEY\` is set.

| channel | who may enter | what is checked |
|---|---|---|
${sections.join('\n')}
`;
  await expect(page).toMatchFileSnapshot('../../docs/CHANNELS.md');
});

it('docs/METRICS.md says what is exported', async () => {
  const text = await readEveryMetric();
  const rows = [...text.matchAll(/^# HELP (usher_\S+) (.*)\n# TYPE \S+ (\w+)$/gm)].map(
    ([, name = '', help = '', type = '']) =>
      `| \`${name}\` | ${type} | ${labelsOf(name, text).join(', ')} | ${help} |`,
  );
  const page = `# Metrics

${note('src/audit/')}
The operator’s port tells them at \`GET /metrics\`, in the text format of Prometheus. Beside these there are the usual ones of a
Node process: \`process_…\` and \`nodejs_…\`. Times are in seconds.

\`tenant\` is empty where there is none, and \`other\` after the first thousand. \`family\` and \`check\` are those of
[CHANNELS.md](CHANNELS.md), and the checks that every family has; \`code\` is one of [REFUSALS.md](REFUSALS.md). Every replica
counts what it did itself.

| metric | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
  await expect(page).toMatchFileSnapshot('../../docs/METRICS.md');
});

/** The labels of a metric, but for the bounds of a histogram's buckets. */
function labelsOf(metric: string, text: string): readonly string[] {
  const samples = [...text.matchAll(/^(\w+)\{(.*)\} /gm)].flatMap(([, name = '', labels = '']) =>
    name.replace(/_(?:bucket|sum|count)$/, '') === metric || name === metric ? [labels] : [],
  );
  const names = samples.flatMap((labels) =>
    [...labels.matchAll(/(\w+)="/g)].map(([, name]) => name!),
  );
  return [...new Set(names)].filter((name) => name !== 'le').map((name) => `\`${name}\``);
}

function shown({ fallback, development, secret }: Setting<unknown>): string {
  if (fallback !== undefined) return `\`${fallback}\``;
  if (development === undefined) return '';
  return secret === true
    ? '*development:* one that everybody knows'
    : `*development:* \`${development}\``;
}

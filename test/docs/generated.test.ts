import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { securityEventsOf } from '../../src/audit/security-events.ts';
import { remedies, remedyFor } from '../../src/audit/remedies.ts';
import { fileSettings } from '../../src/config/secret-files.ts';
import { settings } from '../../src/config/settings.ts';
import type { Setting } from '../../src/config/setting.ts';
import { describeChannel } from '../../src/policy/channel-type.ts';
import {
  generalResponses,
  responseFor,
  responsesOf,
  type RefusalResponse,
} from '../../src/http/output/refusal-response.ts';
import {
  issueResponses,
  redeemResponses,
} from '../../src/http/routes/tickets/refusal-responses.ts';
import { hotelAnswers, shippedPolicy } from '../support/shipped-policy.ts';
import { readEveryMetric } from '../support/every-metric.ts';
import { describeSchema, type Schema } from '../support/schema-reference.ts';

const note = (from: string) =>
  `<!-- Generated from ${from}: npx vitest run test/docs --update -->\n`;

it('docs/CONFIGURATION.md lists the settings', async () => {
  const rows = Object.entries<Setting<unknown>>(settings).map(
    ([name, setting]) => `| \`${name}\`${inFile(name)} | ${setting.doc} | ${defaultOf(setting)} |`,
  );
  const page = `# Configuration

${note('src/config/settings.ts')}
All settings of Usher. Usher reads them from environment variables and, outside production, also from the file \`.env\`. An empty value counts
as not set. Usher reports all errors at once, with the names of the settings and without their values; \`usher check-config\` only checks the
configuration. A setting of a mode that is off has no effect, and is a warning of \`check-config\` and of the log. A default marked *development* does not apply with \`NODE_ENV=production\`.

A setting with *or* \`…_FILE\` may be in a file, which that variable names; see [secrets.md](secrets.md).

| setting | meaning | default |
|---|---|---|
${rows.join('\n')}
`;
  await expect(page).toMatchFileSnapshot('../../docs/CONFIGURATION.md');
});

it('.env.example lists the settings', async () => {
  const entries = Object.entries<Setting<unknown>>(settings).map(([name, setting]) => {
    const { doc, fallback, development, secret: isSecret, example } = setting;
    const value = fallback ?? (isSecret === true ? '' : development) ?? example ?? '';
    const file = fileSettings.some((each) => each === name)
      ? `; or ${name}_FILE, a file with it`
      : '';
    return `# ${doc.replaceAll('`', '')}${file}\n#${name}=${value}\n`;
  });
  const page = `# Generated from src/config/settings.ts: npx vitest run test/docs --update
# Copy this file to .env, remove the # before a setting, and set its value. The values in this file are defaults of
# development or examples. Outside production Usher reads .env from its working directory. Set NODE_ENV as an environment
# variable; Usher ignores it in .env. Run "usher check-config" to check the configuration.

${entries.join('\n')}`;
  await expect(page).toMatchFileSnapshot('../../.env.example');
});

it('docs/CHANNELS.md lists the channel types', async () => {
  const sections = shippedPolicy.channels.channelTypes.map((family) => {
    const { patterns, about, checks } = describeChannel(family);
    const rules = Object.entries(checks).map(([kind, names]) => `${kind}: ${names.join('; ')}`);
    const names = patterns.map((pattern) => `\`${pattern}\``).join('<br>');
    return `| ${names} | ${about} | ${rules.join('<br>')} |`;
  });
  const page = `# Channels

${note('policies/')}
The channels of the shipped policies, with their checks. \`usher channels\` lists those of your [policy](policies.md). Usher refuses every other
channel. Encrypted forms exist if \`PUSHER_ENCRYPTION_MASTER_KEY\` is set.

| channel | may enter | checks for each kind of principal, all of which must pass |
|---|---|---|
${sections.join('\n')}
`;
  await expect(page).toMatchFileSnapshot('../../docs/CHANNELS.md');
});

it('docs/policy-reference.md lists the keys of policy files', async () => {
  const read = (name: string) => {
    const path = fileURLToPath(new URL(`../../policies/${name}`, import.meta.url));
    return JSON.parse(readFileSync(path, 'utf8')) as Schema;
  };
  const policy = read('policy.schema.json');
  const page = `# Policy reference

${note('policies/policy.schema.json and policies/policy-test.schema.json')}
All keys of policy files and of their tests. [policies.md](policies.md) explains them. Editors check a file that begins with
\`# yaml-language-server: $schema=…/policy.schema.json\`; \`usher policy init\` writes that line and the schema.

## Policy files

${describeSchema(policy).join('\n\n')}

## Test files

A file whose name ends in \`.test.yaml\`.

${describeSchema(read('policy-test.schema.json'), policy).join('\n\n')}
`;
  await expect(page).toMatchFileSnapshot('../../docs/policy-reference.md');
});

it('docs/METRICS.md lists the exported metrics', async () => {
  const text = await readEveryMetric();
  const rows = [...text.matchAll(/^# HELP (usher_\S+) (.*)\n# TYPE \S+ (\w+)$/gm)].map(
    ([, name = '', help = '', type = '']) =>
      `| \`${name}\` | ${type} | ${labelsOf(name, text).join(', ')} | ${help} |`,
  );
  const page = `# Metrics

${note('src/observability/metrics/')}
All metrics of Usher. \`GET /metrics\` on the operator’s port returns them in the text format of Prometheus, together with the standard metrics
of a Node process (\`process_…\` and \`nodejs_…\`). Times are in seconds. Every replica counts its own events.

\`tenant\` is empty for events without a tenant, and \`other\` after the first thousand tenants. The values of \`family\` and \`check\` are in
[CHANNELS.md](CHANNELS.md); some checks apply to every channel type. The values of \`code\` are in [REFUSALS.md](REFUSALS.md).

| metric | type | labels | meaning |
|---|---|---|---|
${rows.join('\n')}
`;
  await expect(page).toMatchFileSnapshot('../../docs/METRICS.md');
});

it('docs/REFUSALS.md lists the refusal codes and their responses', async () => {
  const page = `# Refusals

${note('src/http/output/refusal-response.ts, src/http/routes/tickets/refusal-responses.ts, src/audit/remedies.ts and policies/')}
All refusal codes, with the responses of the routes and a remedy. The code is in the log, in the audit log, in \`usher explain\` and in the label
\`code\` of metrics. A resource that does not exist and a resource of another owner get the same response. A refusal with a security event also
has a row in \`security_events\`.

The tables do not contain two codes:

- \`malformed-request\`: Usher cannot parse the request. The status is 400, 405 (unsupported method), 413 (body too large), 415 (unsupported type
  of body) or 426 (not a WebSocket handshake). Its only check has the text of the response. ${remedies['malformed-request']}
- \`upstream-refused\`: the server behind a WebSocket refused the handshake. The response has its status. ${remedies['upstream-refused']}

Too many refused requests from one address get 429, and an unavailable dependency leads to 503; neither is a decision.

## Channels and sign-in

The route of the hotel chat is \`/api/guest/hotel/{hotel}/chat/pusher/auth\`. Some channel types have their own text in place of “You may not
enter this channel”.

${refusalTable([...Object.keys(generalResponses), ...shippedPolicy.codes.keys()], {
  'general routes': (code) => responseFor(code, generalResponses),
  'hotel chat': (code) => responseFor(code, responsesOf(hotelAnswers), hotelAnswers.otherwise),
})}

## Tickets

\`GET /ws\` sends the response of the column “redeeming” as a message, and closes with 4401.

${refusalTable(Object.keys({ ...issueResponses, ...redeemResponses }), {
  issuing: (code) => ticketResponse(code, issueResponses),
  redeeming: (code) => ticketResponse(code, redeemResponses),
})}
`;
  await expect(page).toMatchFileSnapshot('../../docs/REFUSALS.md');
});

/** The response of a route to a code; `undefined` if the route never refuses with it. */
type ResponseOf = (code: string) => RefusalResponse | undefined;

const ticketResponse = (
  code: string,
  responses: Readonly<Record<string, RefusalResponse>>,
): RefusalResponse | undefined => responses[code];

function refusalTable(
  codes: readonly string[],
  routes: Readonly<Record<string, ResponseOf>>,
): string {
  const rows = codes.map((code) => {
    const replies = Object.values(routes).map((responseOf) => {
      const reply = responseOf(code);
      return reply ? `${reply.status} ${reply.message}` : '';
    });
    const signals = securityEventsOf(code, shippedPolicy.codes).join(', ');
    const remedy = remedyFor(code, shippedPolicy);
    return `| \`${code}\` | ${replies.join(' | ')} | ${signals} | ${remedy} |`;
  });
  const names = Object.keys(routes);
  return [
    `| code | ${names.join(' | ')} | security event | remedy |`,
    `|---|${'---|'.repeat(names.length)}---|---|`,
    ...rows,
  ].join('\n');
}

/** The labels of a metric, except the bounds of a histogram's buckets. */
function labelsOf(metric: string, text: string): readonly string[] {
  const samples = [...text.matchAll(/^(\w+)\{(.*)\} /gm)].flatMap(([, name = '', labels = '']) =>
    name.replace(/_(?:bucket|sum|count)$/, '') === metric || name === metric ? [labels] : [],
  );
  const names = samples.flatMap((labels) =>
    [...labels.matchAll(/(\w+)="/g)].map(([, name]) => name!),
  );
  return [...new Set(names)].filter((name) => name !== 'le').map((name) => `\`${name}\``);
}

const inFile = (name: string): string =>
  fileSettings.some((each) => each === name) ? `<br>or \`${name}_FILE\`` : '';

function defaultOf({ fallback, development, secret }: Setting<unknown>): string {
  if (fallback !== undefined) return `\`${fallback}\``;
  if (development === undefined) return '';
  return secret === true ? '*development:* a public default' : `*development:* \`${development}\``;
}

import type { ChosenChannel, ChosenChannels } from './choose-channels.ts';
import type { Unread } from './read-channels.ts';
import { suggestRule } from './suggest-rule.ts';

/** Writes the policy in which Laravel decides about its channels. `file` is the name of the file that declares them. */
export function policyText({ channels, unread }: ChosenChannels, file: string): string {
  return [
    head(file),
    channels.length === 0 ? 'channels: {} # none could be read' : 'channels:',
    ...channels.map((channel) => channelText(channel, file)),
    ...(unread.length === 0 ? [] : [unreadText(unread, file)]),
  ].join('\n');
}

const head = (file: string) => `# yaml-language-server: $schema=.schema/policy.schema.json
# The channels of ${printable(file)}. Laravel decides about them as before: Usher asks its endpoint, and signs what it allows.
#
# One closure of Laravel serves a private and a presence channel of the same name, so each channel has both forms. Remove
# \`also\` where no page joins a presence channel. Pages with encryptedPrivate need \`also: [presence, private-encrypted]\`.
#
# Next, for one channel after the other: remove the # before its \`allow\`, and write the condition of the closure as a rule. The
# rule only watches. The rows that the closure reads are facts. \`usher shadow report\` shows where the two disagree; when they
# agree, let the rule answer, and then remove \`ask\`.
version: 1

sources:
  host: { url: { env: HOST_URL } } # the address of the application, such as https://www.shop.example
`;

/** \`path\` has the prefix of `Broadcast::routes`. */
const ask = `    ask:
      laravel:
        source: host
        path: /broadcasting/auth # with the prefix of Broadcast::routes(), if it has one
        forward: [cookie, authorization, x-csrf-token, x-xsrf-token]`;

function channelText(channel: ChosenChannel, file: string): string {
  const { pattern, line, source, isInBlock } = channel;
  const { about, rule } = suggestRule(channel);
  const guards = guardsOf(channel);
  const notes = [
    ...pattern.notes,
    ...(isInBlock ? ['It is within a block: Laravel may not always declare it.'] : []),
    ...(guards === undefined
      ? []
      : [`Guards: ${guards}. \`forward\` must name the cookies and headers that they read.`]),
  ];
  return [
    `  # ${printable(file)}, line ${line}:`,
    ...comment(source, '  #   '),
    ...notes.map((note) => `  # ${printable(note)}`),
    `  ${pattern.text}:`,
    '    also: [presence]',
    ask,
    '    # allow:',
    `    #   user: { ${about}: { rule: ${rule}, shadow: true } }`,
    '    #   host_visitor: {} # whom only Laravel knows; the rules refuse them',
    '',
  ].join('\n');
}

function guardsOf({ options }: ChosenChannel): string | undefined {
  const [key] = options.flatMap(({ value }, i) => (value === 'guards' ? [i] : []));
  if (key === undefined) return undefined;
  const names = options.slice(key + 1).flatMap(({ value }) => (value === undefined ? [] : [value]));
  return names.length === 0 ? 'see above' : names.join(', ');
}

const unreadText = (unread: readonly Unread[], file: string): string =>
  [
    '# These are no channels of their own here. Usher refuses the names that no pattern above matches:',
    ...unread.flatMap(({ line, reason, source }) => [
      `# ${printable(file)}, line ${line}: ${printable(reason)}`,
      ...(source === '' ? [] : comment(source, '#   ')),
    ]),
    '',
  ].join('\n');

/** Each line of a text as a comment, without the indentation that all lines but the first have in common. */
function comment(text: string, mark: string): readonly string[] {
  const [first = '', ...others] = text.split(/\r\n|\r|\n/);
  const indents = others.filter((line) => line.trim() !== '').map((line) => line.search(/\S/));
  const indent = Math.min(...indents, 80);
  return [first, ...others.map((line) => line.slice(indent))].map((line) =>
    `${mark}${printable(line)}`.trimEnd(),
  );
}

/** A character that ends a line would end the comment. */
const printable = (text: string): string =>
  text.replaceAll(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufeff]/gu, (each) => (each === '\t' ? each : '?'));

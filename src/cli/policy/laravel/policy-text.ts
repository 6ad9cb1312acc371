import { type ChosenChannel, type ChosenChannels, chooseChannels } from './choose-channels.ts';
import type { PhpToken } from './php-tokens.ts';
import { type Unread, readLaravelChannels } from './read-channels.ts';

/** The policy for a `routes/channels.php`, the number of its channels, and what it does not have. */
export function policyOfLaravel(
  php: string,
  file: string,
): Pick<ChosenChannels, 'unread'> & { readonly text: string; readonly channels: number } {
  const chosen = chooseChannels(readLaravelChannels(php));
  return {
    text: policyText(chosen, file),
    channels: chosen.channels.length,
    unread: chosen.unread,
  };
}

/** Writes the policy in which Laravel decides about its channels. `file` is the name of the file that declares them. */
function policyText({ channels, unread }: ChosenChannels, file: string): string {
  return [
    head(file),
    channels.length === 0 ? 'channels: {} # none could be read' : 'channels:',
    ...channels.map((channel) => channelText(channel, file)),
    ...(unread.length === 0 ? [] : [unreadText(unread, file)]),
  ].join('\n');
}

const head = (file: string) => `# yaml-language-server: $schema=.schema/policy.schema.json
# The channels of ${printable(file)}. Laravel still decides: Usher sends each request to its endpoint, and signs channels that it allows.
#
# One closure of Laravel serves a private and a presence channel of the same name, so each channel has both forms. Remove
# \`also\` where no page joins a presence channel. Pages with encryptedPrivate need \`also: [presence, private-encrypted]\`.
#
# Next, for one channel after the other: remove the # before its \`allow\`, and write the condition of the closure as a rule. The
# rule is only compared with Laravel. Declare the rows that the closure reads as facts. \`usher shadow report\` shows where the two
# disagree; when they agree, let the rule decide, and then remove \`ask\`.
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
    '    #   host_visitor: {} # visitors whom only Laravel can identify; the rules refuse them',
    '',
  ].join('\n');
}

/** The guards that the options name; `see above` if only PHP can evaluate them. */
function guardsOf({ options }: ChosenChannel): string | undefined {
  const key = options.findIndex(({ value }) => value === 'guards');
  const isArray = /^(?:\[|array)$/i.test(options[0]?.source ?? '[');
  if (key === -1) return isArray ? undefined : 'see above';
  const value = valueOf(options.slice(key + 2));
  const names = value.flatMap((token) => token.value ?? []);
  const isLiteral = value.every((token) => token.value !== undefined || isBracket(token.source));
  return isLiteral && names.length > 0 ? names.join(', ') : 'see above';
}

const isBracket = (source: string) => /^(?:[[\](),]|array)$/i.test(source);

/** The value of an element of an array, which ends at a comma or at the end of the array. */
function valueOf(tokens: readonly PhpToken[]): readonly PhpToken[] {
  let depth = 0;
  const end = tokens.findIndex(({ source }) => {
    if (depth === 0 && /^[,\])]$/.test(source)) return true;
    if (/^[[(]$/.test(source)) depth += 1;
    if (/^[\])]$/.test(source)) depth -= 1;
    return false;
  });
  return end === -1 ? tokens : tokens.slice(0, end);
}

const unreadText = (unread: readonly Unread[], file: string): string =>
  [
    '# These are not channels of this policy. Usher refuses names that no pattern above matches:',
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

/** The check that replaces a handler. */
interface SuggestedRule {
  readonly about: string;
  readonly rule: string;
}

/**
 * The rule of a handler that compares the id of the user with the parameter, like that of every new Laravel application. Other
 * handlers are not interpreted.
 */
function suggestRule({ handler, pattern }: ChosenChannel): SuggestedRule {
  const [param, ...others] = pattern.params;
  const text = handler
    .map(({ source }) => source)
    .join(' ')
    .replaceAll(/\( (?:int|string) \) /g, '');
  const isOwnId = param !== undefined && others.length === 0 && ownId.test(text);
  return isOwnId ? { about: 'user is the owner', rule: `user.id == params.${param}` } : unknown;
}

const unknown: SuggestedRule = { about: 'the condition of the closure', rule: "'false'" };

/** `fn ($user, $id) => $user->id === $id`, with and without types and casts. */
const ownId =
  /^(?:static )?(?:fn|function) \( (?:[\w\\]+ )?(?<user>\$\w+) , (?:[\w\\]+ )?(?<given>\$\w+) \) (?:: \w+ )?(?:=>|\{ return) \k<user> -> id ={2,3} \k<given>(?: ; \})?$/;

/** A schema of `policies/`, as far as the reference shows it. */
export interface Schema {
  readonly $ref?: string;
  readonly title?: string;
  readonly description?: string;
  readonly examples?: readonly unknown[];
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly then?: Schema;
  readonly else?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

/**
 * The keys of a kind of file as Markdown: a table for each mapping with fixed keys, in the order in which they are used, and the
 * texts that have a form of their own. `shared` has the definitions of another file; its tables are not repeated.
 */
export function describeSchema(root: Schema, shared: Schema = {}): readonly string[] {
  const defs = { ...shared.$defs, ...root.$defs };
  const sections = new Map<string, Schema>();
  const texts = new Map<string, Schema>();
  const seen = new Set<string>();
  const visit = (schema: Schema): void => {
    const name = nameIn(schema);
    const target = resolve(schema, defs);
    if (name !== undefined && seen.has(name)) return;
    if (name !== undefined) seen.add(name);
    if (name !== undefined && hasTable(target, defs)) sections.set(name, target);
    else if (name !== undefined && isText(target)) texts.set(name, target);
    for (const each of childrenOf(target)) visit(each);
    // The section of a value has the keys of its long form.
    for (const form of formsOf(target)) {
      const { properties } = resolve(form, defs);
      if (properties === undefined) continue;
      seen.add(nameIn(form) ?? '');
      Object.values(properties).forEach(visit);
    }
    formsOf(target).forEach(visit);
  };
  for (const each of Object.values(root.properties ?? {})) visit(each);
  const isOwn = ([name]: readonly [string, Schema]) => shared.$defs?.[name] === undefined;
  return [
    tableOf(root, defs),
    ...[...sections].filter(isOwn).map((section) => formatSection(section, defs)),
    ...formatTexts([...texts].filter(isOwn)),
  ];
}

const nameIn = ({ $ref }: Schema): string | undefined => $ref?.split('/').pop();

function resolve(schema: Schema, defs: Readonly<Record<string, Schema>>): Schema {
  return defs[nameIn(schema) ?? ''] ?? schema;
}

/** The alternatives of a value that is a short or a long form. */
const formsOf = (schema: Schema): readonly Schema[] =>
  Array.isArray(schema.type) && schema.then !== undefined && schema.else !== undefined
    ? [schema.then, schema.else].flatMap((each) =>
        each.then === undefined ? [each] : formsOf({ type: [], ...each }),
      )
    : [];

const childrenOf = (schema: Schema): readonly Schema[] => [
  ...Object.values(schema.properties ?? {}),
  ...(typeof schema.additionalProperties === 'object' ? [schema.additionalProperties] : []),
  ...(schema.items === undefined ? [] : [schema.items]),
];

const hasTable = (schema: Schema, defs: Readonly<Record<string, Schema>>): boolean =>
  schema.properties !== undefined ||
  formsOf(schema).some((each) => resolve(each, defs).properties !== undefined);

const isText = ({ type, examples, properties }: Schema): boolean =>
  type === 'string' && examples !== undefined && properties === undefined;

function formatSection(
  [, schema]: readonly [string, Schema],
  defs: Readonly<Record<string, Schema>>,
): string {
  const long = [schema, ...formsOf(schema)]
    .map((each) => resolve(each, defs))
    .find(({ properties }) => properties !== undefined);
  const short = formsOf(schema).filter((each) => resolve(each, defs) !== long);
  const { title = '', description = '', examples = [] } = schema;
  return [
    `### ${title[0]?.toUpperCase()}${title.slice(1)}`,
    message(description),
    ...(short.length === 0
      ? []
      : [`Short form: ${short.map((each) => typeText(each, defs)).join(', or ')}.`]),
    ...(examples.length === 0 ? [] : [`Example: ${examples.map(code).join(' or ')}`]),
    tableOf(long ?? schema, defs),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function tableOf(
  { properties = {}, required = [] }: Schema,
  defs: Readonly<Record<string, Schema>>,
) {
  const rows = Object.entries(properties).map(([key, property]) => {
    const { description, title, examples } = { ...resolve(property, defs), ...property };
    const meaning =
      message(description ?? title ?? '') + (required.includes(key) ? ' Required.' : '');
    const example = examples?.[0] === undefined ? '' : code(examples[0]);
    return `| \`${key}\` | ${typeText(property, defs)} | ${meaning} | ${example} |`;
  });
  return ['| key | value | meaning | example |', '|---|---|---|---|', ...rows].join('\n');
}

function formatTexts(texts: readonly (readonly [string, Schema])[]): readonly string[] {
  if (texts.length === 0) return [];
  const rows = texts.map(
    ([, { title = '', description = '', examples = [] }]) =>
      `| ${title} | ${cell(message(description))} | ${code(examples[0])} |`,
  );
  return [['### Texts', '', '| text | form | example |', '|---|---|---|', ...rows].join('\n')];
}

/** The type of a value in words, with a link to its table. */
function typeText(schema: Schema, defs: Readonly<Record<string, Schema>>): string {
  const target = resolve(schema, defs);
  const { title = '', type, items, additionalProperties: values } = target;
  if (nameIn(schema) !== undefined && hasTable(target, defs)) {
    return `[${title}](#${title.toLowerCase().replaceAll(' ', '-')})`;
  }
  if (target.const !== undefined) return code(target.const);
  if (target.enum !== undefined) return target.enum.map(code).join(', ');
  const forms = formsOf(target);
  if (forms.length > 0) return forms.map((each) => typeText(each, defs)).join(', or ');
  if (items !== undefined && type === 'array') {
    return `list of ${countText(target.minItems, target.maxItems)}: ${typeText(items, defs)}`;
  }
  if (typeof values === 'object') {
    return `mapping of ${countText(undefined, target.maxProperties)}: ${typeText(values, defs)}`;
  }
  if (target.properties !== undefined) {
    return `mapping with ${Object.keys(target.properties).map(code).join(', ')}`;
  }
  if (type === 'integer') return `${target.minimum} to ${target.maximum?.toLocaleString('en')}`;
  return title === '' ? String(type) : title;
}

function countText(min: number | undefined, max: number | undefined): string {
  const most = max === undefined ? '' : max.toLocaleString('en');
  return min === undefined ? `at most ${most}` : `${min} to ${most}`;
}

const cell = (text: string) => text.replaceAll('|', '\\|');
const code = (value: unknown) =>
  `\`${cell(typeof value === 'string' ? value : JSON.stringify(value))}\``;

/** Descriptions of texts begin in lower case, because messages contain them. */
function message(text: string): string {
  if (text === '') return '';
  return `${text[0]?.toUpperCase()}${text.slice(1)}${text.endsWith('.') ? '' : '.'}`;
}

import { isFieldName } from '../../../policy/cel/expression.ts';
import { parsePattern } from '../../../policy/pattern.ts';

/** The pattern of a policy for a channel of Laravel, in its private form. */
export interface WrittenPattern {
  readonly text: string;
  readonly params: readonly string[];
  /** Notes for the reader of the policy. */
  readonly notes: readonly string[];
}

/** Writes the name of a channel as a pattern, or says why it cannot be one. */
export function toPattern(name: string): WrittenPattern | string {
  if (name.includes('*')) return 'a * of a name has no counterpart: write a parameter for it';
  const notes: string[] = [];
  const text = `private-${name.replaceAll(/\{([^{}]*)\}/g, (written: string, inner: string) => {
    const param = paramName(inner);
    if (`{${param}}` !== written) notes.push(`${written} is {${param}} here.`);
    return `{${param}}`;
  })}`;
  try {
    const { form, segments } = parsePattern(text);
    if (form !== 'private')
      return `a name with private- in front would be that of a ${form} channel`;
    const params = segments.flatMap((each) => ('param' in each ? [each.param] : []));
    const between = segments.slice(1, -1);
    const isSplit = between.every((each) => 'param' in each || each.literal.includes('.'));
    if (!isSplit) {
      notes.push(
        'Declare the types of the parameters (params): a name that can be split in two ways is refused.',
      );
    }
    return { text, params, notes };
  } catch (error) {
    return (error as Error).message.replace(/^Channel pattern .*?: /, 'not a valid pattern: ');
  }
}

/** The name of a parameter, such as `order` for `order:slug` and for `Order`, and `package_` for `package`, which rules cannot read. */
function paramName(written: string): string {
  const [name = ''] = written.split(':');
  const inLowerCase = name.charAt(0).toLowerCase() + name.slice(1);
  return /^\w+$/.test(name) && !isFieldName(inLowerCase) ? `${inLowerCase}_` : inLowerCase;
}

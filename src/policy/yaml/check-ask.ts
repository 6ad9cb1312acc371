import { applicationVisitorKind, isDeciding, namesMember } from '../ask.ts';
import { isFieldName } from '../cel/expression.ts';
import type { ChannelDeclaration } from './policy-document.ts';
import { namesInBraces } from './raw.ts';
import { checkForward } from './read-http.ts';
import type { SchemaFault } from './schema-error.ts';

/** Checks of `ask` that the schema cannot express. */
export function checkAskDeclaration(channel: ChannelDeclaration): readonly SchemaFault[] {
  const { ask, at, allow, member, list, forms } = channel;
  const atAllow = [...at, 'allow'];
  if (ask === undefined) return [];
  const faults: SchemaFault[] = [];
  const fault = (path: SchemaFault['path'], message: string) => {
    faults.push({ path, part: 'key', message });
  };
  if (ask.type === 'laravel') {
    const place = [...ask.at, 'laravel'];
    faults.push(...checkForward(ask.forward, place));
    if (namesInBraces(ask.path).length > 0) {
      faults.push({
        path: [...place, 'path'],
        part: 'value',
        message: 'the path of an endpoint has no parameters',
      });
    }
  }
  // Without `allow` the channel has no expression. The schema checks the parameters that are declared.
  for (const name of allow.length === 0 ? [] : namesInBraces(channel.pattern)) {
    if (isFieldName(name)) continue;
    fault(at, `${name} is a reserved word, and cannot be a parameter of a channel with rules`);
  }
  if (ask.isShadow && allow.length === 0) {
    fault(ask.at, 'the application’s decision is only compared, so the channel requires `allow`');
  }
  if (
    !namesMember(ask) &&
    forms.some((form) => form.startsWith('presence')) &&
    (allow.length === 0 || member.length === 0)
  ) {
    fault(
      at,
      'this presence channel requires `allow` and `member`: only a response to `laravel` has a member',
    );
  }
  if (isDeciding(ask) && list.length > 0) {
    fault([...at, 'list'], 'the application decides about this channel, so it cannot have a list');
  }
  if (!namesMember(ask) && allow.some(({ kind }) => kind === applicationVisitorKind)) {
    const message = `only an application with \`ask: { laravel: … }\` whose decision is not a shadow can read the credential of a ${applicationVisitorKind}`;
    fault([...atAllow, applicationVisitorKind], message);
  }
  return faults;
}

/** One side decides, and at most one is the shadow. Rules can decide only about kinds of principals whose credential Usher can read. */
export function checkDeciding({ ask, allow }: ChannelDeclaration): readonly SchemaFault[] {
  const fault = (path: SchemaFault['path'], message: string): SchemaFault => ({
    path,
    part: 'key',
    message,
  });
  return allow.flatMap(({ at, kind, checks }) => {
    const shadows = checks.filter(({ isShadow }) => isShadow);
    if (ask !== undefined && !ask.isShadow) return [];
    return [
      ...(shadows.length < checks.length ? [] : [fault(at, undecided(kind, shadows.length))]),
      ...(ask === undefined && kind === applicationVisitorKind
        ? [fault(at, `no channel without \`ask\` can allow a ${applicationVisitorKind}`)]
        : []),
      ...(ask === undefined
        ? []
        : shadows.map(({ at: path }) =>
            fault(path, 'either checks or the application may be a shadow, not both'),
          )),
    ];
  });
}

function undecided(kind: string, shadows: number): string {
  return shadows === 0
    ? `\`${kind}\` has no entry`
    : `every check of ${kind} is a shadow, so none decides`;
}

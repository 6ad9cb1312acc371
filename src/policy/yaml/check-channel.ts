import { hasPlainRanges } from '../param.ts';
import { namesMember } from '../ask.ts';
import { checkDeciding, checkAskDeclaration } from './check-ask.ts';
import type { ChannelDeclaration } from './policy-document.ts';
import { namesInBraces } from './raw.ts';
import { hint, type SchemaFault } from './schema-error.ts';

/** Checks that the schema cannot express: the names of a channel fit together. */
export const checkChannel = (channel: ChannelDeclaration): readonly SchemaFault[] => [
  ...checkForms(channel),
  ...checkParams(channel),
  ...checkTenant(channel),
  ...checkCharacters(channel),
  ...checkAskDeclaration(channel),
  ...checkDeciding(channel),
];

function checkForms({ at, forms: [own, ...also] }: ChannelDeclaration): readonly SchemaFault[] {
  return also.flatMap((form, i) => {
    const message = `${form} is already the form of the pattern`;
    return form === own ? [{ path: [...at, 'also', i], part: 'value', message }] : [];
  });
}

function checkParams({ at, pattern, params }: ChannelDeclaration): readonly SchemaFault[] {
  const names = namesInBraces(pattern);
  const missing = names.filter((name) => !Object.hasOwn(params, name));
  const unknown = Object.keys(params).filter((name) => !names.includes(name));
  return [
    ...missing.map((name): SchemaFault => {
      const message = `\`params\` has no ${name}: each parameter of the pattern needs its characters, such as \`${name}: id\``;
      return { path: [...at, 'params'], part: 'key', message };
    }),
    ...unknown.map((name): SchemaFault => {
      const message = `${name} is not a parameter of the pattern; ${hint(name, names)}`;
      return { path: [...at, 'params', name], part: 'key', message };
    }),
  ];
}

function checkTenant({ at, tenant, params }: ChannelDeclaration): readonly SchemaFault[] {
  if (tenant === undefined || Object.hasOwn(params, tenant)) return [];
  const message = `${tenant} is not a parameter of this channel; ${hint(tenant, Object.keys(params))}`;
  return [{ path: [...at, 'tenant'], part: 'value', message }];
}

const checkCharacters = ({ at, params }: ChannelDeclaration): readonly SchemaFault[] =>
  Object.entries(params).flatMap(([name, param]): readonly SchemaFault[] => {
    if (typeof param === 'string' || hasPlainRanges(param.characters)) return [];
    const message = 'a range of characters must be of letters or of digits, such as a-z or 0-9';
    return [{ path: [...at, 'params', name, 'characters'], part: 'value', message }];
  });

/** A member of a kind that is not allowed would never be seen, and an allowed kind without a member could not be shown. */
export function checkKinds({
  at,
  allow,
  list,
  member,
  forms,
  memberOnPrivate,
  ask,
}: ChannelDeclaration): readonly SchemaFault[] {
  // The schema has reported it.
  if (allow.length === 0) return [];
  const allowed = allow.map(({ kind }) => kind);
  const unknown = [...list, ...member].filter(({ kind }) => !allowed.includes(kind));
  const members = member.map(({ kind }) => kind);
  const isPresence = forms.some((form) => form.startsWith('presence'));
  const needsMember = (isPresence || memberOnPrivate) && !namesMember(ask);
  const missing = allowed.filter((kind) => needsMember && !members.includes(kind));
  return [
    ...unknown.map(({ at: path, kind }): SchemaFault => {
      const message = `${kind} is not a kind of principal that this channel allows; ${hint(kind, allowed)}`;
      return { path, part: 'key', message };
    }),
    // Without any member the schema has reported it.
    ...(member.length === 0 ? [] : missing).map((kind): SchemaFault => {
      const message = `the member of ${kind} is missing: each kind of principal that is allowed needs one`;
      return { path: [...at, 'member'], part: 'key', message };
    }),
  ];
}

import { hostVisitorKind, namesMember } from '../ask.ts';
import type { ChannelDeclaration } from './policy-document.ts';
import { namesInBraces } from './raw.ts';
import { checkForward } from './read-hosts.ts';
import type { Fault } from './schema-error.ts';

/** What the schema cannot say about the question of a channel to the application. */
export function checkAsk(channel: ChannelDeclaration): readonly Fault[] {
  const { ask, at, allow, member, list, forms } = channel;
  const atAllow = [...at, 'allow'];
  if (ask === undefined) return [];
  const faults: Fault[] = [];
  const fault = (path: Fault['path'], message: string) => {
    faults.push({ path, part: 'key', message });
  };
  if (ask.type === 'laravel') {
    const place = [...ask.at, 'laravel'];
    faults.push(...checkForward(ask.forward, place));
    if (namesInBraces(ask.path).length > 0) {
      faults.push({
        ...{ path: [...place, 'path'], part: 'value' },
        message: 'the path of an endpoint has no parameters',
      });
    }
  }
  if (
    !namesMember(ask) &&
    forms.some((form) => form.startsWith('presence')) &&
    (allow.length === 0 || member.length === 0)
  ) {
    fault(
      at,
      'this presence channel requires `allow` and `member`: only an answer to `laravel` has a member',
    );
  }
  if (list.length > 0) {
    fault(
      [...at, 'list'],
      'the application decides about this channel, and is not asked for lists',
    );
  }
  if (!namesMember(ask) && allow.some(({ kind }) => kind === hostVisitorKind)) {
    const message = `only an application that is asked with \`laravel\` can read the credential of a ${hostVisitorKind}`;
    fault([...atAllow, hostVisitorKind], message);
  }
  return faults;
}

/** Without the application's answer each kind of principal needs checks, and has a credential that Usher can read. */
export function checkAnswering({ ask, allow }: ChannelDeclaration): readonly Fault[] {
  if (ask !== undefined) return [];
  const fault = (path: Fault['path'], message: string): Fault => ({ path, part: 'key', message });
  return allow.flatMap(({ at, kind, checks }) => [
    ...(checks.length === 0 ? [fault(at, `\`${kind}\` has no entry`)] : []),
    ...(kind === hostVisitorKind
      ? [fault(at, `no channel without \`ask\` can allow a ${hostVisitorKind}`)]
      : []),
  ]);
}

import type { ChosenChannel } from './choose-channels.ts';

/** The check that replaces a handler. */
interface SuggestedRule {
  readonly about: string;
  readonly rule: string;
}

/**
 * The rule of the handler that every new Laravel application has, which compares the id of the user with the parameter. Of any other
 * handler only people know what it decides.
 */
export function suggestRule({ handler, pattern }: ChosenChannel): SuggestedRule {
  const [param, ...others] = pattern.params;
  const text = handler
    .map(({ source }) => source)
    .join(' ')
    .replaceAll(/\( int \) /g, '');
  const isOwnId = param !== undefined && others.length === 0 && ownId.test(text);
  return isOwnId ? { about: 'user is the owner', rule: `user.id == params.${param}` } : unknown;
}

const unknown: SuggestedRule = { about: 'the condition of the closure', rule: "'false'" };

/** `fn ($user, $id) => $user->id === $id`, with and without types and casts. */
const ownId =
  /^(?:static )?(?:fn|function) \( (?:[\w\\]+ )?(?<user>\$\w+) , (?:[\w\\]+ )?(?<given>\$\w+) \) (?:: \w+ )?(?:=>|\{ return) \k<user> -> id ={2,3} \k<given>(?: ; \})?$/;

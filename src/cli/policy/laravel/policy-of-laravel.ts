import { chooseChannels, type ChosenChannels } from './choose-channels.ts';
import { policyText } from './policy-text.ts';
import { readLaravelChannels } from './read-channels.ts';

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

/** What a channel's prefix says it is. Public channels have no prefix, and nobody asks for them. */
export type ChannelForm = 'private' | 'presence' | 'private-encrypted';

/** A channel name within Pusher's grammar, split into its form and the rest. */
export interface ChannelName {
  readonly text: string;
  readonly form: ChannelForm;
  /** The name without the form's prefix. */
  readonly body: string;
}

/** Longest first: every encrypted name begins with `private-` as well. */
const forms: readonly ChannelForm[] = ['private-encrypted', 'presence', 'private'];

/** Pusher's limit, prefix included. */
const maxLength = 164;

/**
 * Reads a private, presence or private-encrypted channel name; anything else, public names included, is `undefined`.
 * The characters are those of Pusher's grammar, `A-Za-z0-9_-=@,.;`: a colon among them would make the signature
 * good for another question (`presence-x:{"user_id":"admin"}`, `:user::…`).
 */
export function parseChannelName(text: string): ChannelName | undefined {
  if (text.length > maxLength || !/^[A-Za-z0-9_\-=@,.;]+$/.test(text)) return undefined;
  const form = forms.find((candidate) => text.startsWith(`${candidate}-`));
  if (form === undefined || text.length === form.length + 1) return undefined;
  return { text, form, body: text.slice(form.length + 1) };
}

/**
 * Notes a text until a moment, in milliseconds since the epoch; false when it is noted already.
 * Of any number of callers at once one is told true. Throws `Unavailable`.
 */
export type NoteOnce = (text: string, until: number) => Promise<boolean>;

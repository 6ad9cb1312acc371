/** How `user_info.id` is written: as the text that it is, or as a number, as Laravel writes an integer key. */
export type UserInfoIds = 'text' | 'number';

/** What the pages' clients expect of a signed answer, where they differ. */
export interface SigningStyle {
  readonly userInfoIds: UserInfoIds;
  /** Whether a private channel whose family shows a member is signed with `channel_data`. */
  readonly privateMembers: 'on' | 'off';
}

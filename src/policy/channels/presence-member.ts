import type { Member } from '../decision.ts';
import type { User } from '../principal.ts';

/** A member of a presence channel. Echo's `here` and `joining` get only `user_info`, so it has the id too. */
export const presenceMember = (id: string, name: string | undefined): Member => ({
  user_id: id,
  user_info: { id, ...(name !== undefined && { name }) },
});

/** Only the id and the name of a user are public to other members. */
export const presenceMemberOfUser = ({ userId, name }: User): Member =>
  presenceMember(userId, name);

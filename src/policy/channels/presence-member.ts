import type { Member } from '../decision.ts';
import type { User } from '../principal.ts';

/** A member of a presence channel; Echo's `here` and `joining` get only `user_info`, so the id stands in it too. */
export const presenceMember = (id: string, name: string | undefined): Member => ({
  user_id: id,
  user_info: { id, ...(name !== undefined && { name }) },
});

/** A user as the other members see them: id and name, nothing else of the token. */
export const presenceMemberOfUser = ({ userId, name }: User): Member =>
  presenceMember(userId, name);

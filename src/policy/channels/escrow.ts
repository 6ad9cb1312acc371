import { check } from '../decision.ts';
import { defineChannel } from '../define-channel.ts';
import type { Escrow, FactLists } from '../facts.ts';
import type { User } from '../principal.ts';
import { escrowId, tenantId } from './params.ts';
import { presenceMemberOfUser } from './presence-member.ts';
import { isAdmin, ofTenant } from './tenant.ts';

const isParticipant = (user: User, escrow: Escrow | undefined): boolean =>
  user.userId === escrow?.buyerId || user.userId === escrow?.sellerId;

const listEscrows = async ({ tenantId, userId }: User, facts: FactLists) =>
  tenantId === undefined
    ? []
    : (await facts.escrowsOf(tenantId, userId)).map((escrowId) => ({ tenantId, escrowId }));

/** Events of an escrow. */
export const escrow = defineChannel('private-tenant.{tenantId}.escrow.{escrowId}', {
  about: 'the escrow’s buyer and seller',
  forms: ['private-encrypted'],
  params: { tenantId, escrowId },
  list: { user: listEscrows },
  load: ({ tenantId, escrowId }, facts) => facts.escrow(tenantId, escrowId),
  rules: {
    user: (user, { tenantId }, { fact: escrow }) => [
      ofTenant(user, tenantId),
      check('user is the buyer or the seller', isParticipant(user, escrow)),
    ],
  },
});

/** The chat of an escrow. */
export const escrowChat = defineChannel('private-tenant.{tenantId}.escrow.{escrowId}.chat', {
  about: 'the escrow’s buyer and seller; an admin of the tenant while it is DISPUTED',
  forms: ['presence', 'private-encrypted'],
  params: { tenantId, escrowId },
  list: { user: listEscrows },
  load: ({ tenantId, escrowId }, facts) => facts.escrow(tenantId, escrowId),
  rules: {
    user: (user, { tenantId }, { fact: escrow }) => [
      ofTenant(user, tenantId),
      check(
        'user is the buyer, the seller, or an admin in a dispute',
        isParticipant(user, escrow) || (isAdmin(user) && escrow?.status === 'DISPUTED'),
      ),
    ],
  },
  member: { user: presenceMemberOfUser },
});

// The channels of policies/tenants/policy.yaml as a module. An operator writes one of the two, not both.
import { check, defineChannel, defineFact, type PrincipalView } from 'usher/policy';

export const escrow = defineFact('escrow', {
  about: 'an escrow of a tenant',
  ids: ['tenantId', 'escrowId'],
  tenant: 'tenantId',
  fields: { buyer_id: 'string', seller_id: 'string', status: { type: 'string', maxLength: 64 } },
  path: '/resources/tenants/{tenantId}/escrows/{escrowId}',
});

interface Input {
  readonly user: PrincipalView;
  readonly params: { readonly tenantId: string };
  readonly facts: {
    readonly escrow?: { buyer_id: string; seller_id: string; status: string };
  };
}

const isOfTenant = ({ user, params }: Pick<Input, 'user' | 'params'>) =>
  check('user is of this tenant', user.tenant === params.tenantId, 'tenant-mismatch');

const isParty = ({ user, facts }: Pick<Input, 'user' | 'facts'>): boolean =>
  user.id === facts.escrow?.buyer_id || user.id === facts.escrow?.seller_id;

const isAdmin = ({ user }: Pick<Input, 'user'>): boolean => user.roles.includes('admin');

const ownEscrows = ({ user }: Pick<Input, 'user'>) => [
  { fact: escrow, where: { tenantId: user.tenant, buyer_id: user.id } },
  { fact: escrow, where: { tenantId: user.tenant, seller_id: user.id } },
];

export const escrowUpdates = defineChannel('private-tenant.{tenantId}.escrow.{escrowId}', {
  about: 'the escrow’s buyer and seller',
  also: ['private-encrypted'],
  params: { tenantId: 'id', escrowId: 'id' },
  tenant: 'tenantId',
  facts: { escrow: ({ params }) => escrow(params.tenantId, params.escrowId) },
  allow: {
    user: (input) => [isOfTenant(input), check('user is the buyer or the seller', isParty(input))],
  },
  list: { user: ownEscrows },
});

export const escrowChat = defineChannel('private-tenant.{tenantId}.escrow.{escrowId}.chat', {
  about: 'the escrow’s buyer and seller; an admin of the tenant while it is DISPUTED',
  also: ['presence', 'private-encrypted'],
  params: { tenantId: 'id', escrowId: 'id' },
  tenant: 'tenantId',
  facts: { escrow: ({ params }) => escrow(params.tenantId, params.escrowId) },
  allow: {
    user: (input) => [
      isOfTenant(input),
      check(
        'user is the buyer, the seller, or an admin in a dispute',
        isParty(input) || (isAdmin(input) && input.facts.escrow?.status === 'DISPUTED'),
      ),
    ],
  },
  list: { user: ownEscrows },
  // Echo's `here` and `joining` get only the info, so it has the id too.
  member: { user: ({ user }) => ({ id: user.id, info: { id: user.id, name: user.name } }) },
});

export const ownChannel = defineChannel('private-tenant.{tenantId}.user.{userId}', {
  about: 'only that user',
  also: ['private-encrypted'],
  params: { tenantId: 'id', userId: 'id' },
  tenant: 'tenantId',
  allow: {
    user: (input) => [
      isOfTenant(input),
      check('channel is the user’s own', input.user.id === input.params.userId),
    ],
  },
  list: { user: ({ user }) => ({ params: { tenantId: user.tenant, userId: user.id } }) },
});

export const adminChannel = defineChannel('private-tenant.{tenantId}.admin', {
  about: 'admins of the tenant',
  also: ['private-encrypted'],
  params: { tenantId: 'id' },
  tenant: 'tenantId',
  allow: { user: (input) => [isOfTenant(input), check('user is an admin', isAdmin(input))] },
  list: { user: ({ user }) => ({ params: { tenantId: user.tenant } }) },
});

export const tenantAnnouncements = defineChannel('private-tenant.{tenantId}.announcements', {
  about: 'every user of the tenant',
  also: ['private-encrypted'],
  params: { tenantId: 'id' },
  tenant: 'tenantId',
  allow: { user: (input) => [isOfTenant(input)] },
  list: { user: ({ user }) => ({ params: { tenantId: user.tenant } }) },
});

export const announcements = defineChannel('private-announcements', {
  about: 'every user of any tenant',
  also: ['private-encrypted'],
  allow: { user: ({ user }) => [check('user has a tenant', user.tenant !== undefined)] },
  list: { user: () => ({ params: {} }) },
});

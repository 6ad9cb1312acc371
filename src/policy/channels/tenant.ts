import { check } from '../decision.ts';
import { defineChannel } from '../define-channel.ts';
import type { User } from '../principal.ts';
import { tenantId, userId } from './params.ts';

/** True for an admin; of which tenant, `ofTenant` says. */
export const isAdmin = (user: User): boolean => user.roles.includes('admin');

/** The tenant of a user, as the parameter of the tenant's own channels. */
export const listOwnTenant = ({ tenantId }: User) => (tenantId === undefined ? [] : [{ tenantId }]);

/** The check that every channel of a tenant begins with. */
export const ofTenant = (user: User, tenantId: string) =>
  check('user is of this tenant', user.tenantId === tenantId, 'tenant-mismatch');

/** A user's own channel. */
export const userChannel = defineChannel('private-tenant.{tenantId}.user.{userId}', {
  about: 'only that user',
  forms: ['private-encrypted'],
  params: { tenantId, userId },
  list: { user: (user) => listOwnTenant(user).map((own) => ({ ...own, userId: user.userId })) },
  rules: {
    user: (user, { tenantId, userId }) => [
      ofTenant(user, tenantId),
      check('channel is the user’s own', user.userId === userId),
    ],
  },
});

/** The channel of a tenant's admins. */
export const adminChannel = defineChannel('private-tenant.{tenantId}.admin', {
  about: 'admins of the tenant',
  forms: ['private-encrypted'],
  params: { tenantId },
  list: { user: listOwnTenant },
  rules: {
    user: (user, { tenantId }) => [
      ofTenant(user, tenantId),
      check('user is an admin', isAdmin(user)),
    ],
  },
});

/** What a tenant tells all its users. */
export const tenantAnnouncements = defineChannel('private-tenant.{tenantId}.announcements', {
  about: 'every user of the tenant',
  forms: ['private-encrypted'],
  params: { tenantId },
  list: { user: listOwnTenant },
  rules: { user: (user, { tenantId }) => [ofTenant(user, tenantId)] },
});

/** What everybody is told. */
export const announcements = defineChannel('private-announcements', {
  about: 'every user of any tenant',
  forms: ['private-encrypted'],
  params: {},
  list: { user: () => [{}] },
  rules: {
    user: (user) => [check('user has a tenant', user.tenantId !== undefined)],
  },
});

import { check } from '../decision.ts';
import { defineChannel } from '../define-channel.ts';
import type { User } from '../principal.ts';
import { tenantId, userId } from './params.ts';

/** True for an admin of any tenant; `ofTenant` checks the tenant. */
export const isAdmin = (user: User): boolean => user.roles.includes('admin');

/** The parameters of the channels of the user's tenant. */
export const listOwnTenant = ({ tenantId }: User) => (tenantId === undefined ? [] : [{ tenantId }]);

/** The first check of every tenant channel. */
export const ofTenant = (user: User, tenantId: string) =>
  check('user is of this tenant', user.tenantId === tenantId, 'tenant-mismatch');

/** The channel of one user. */
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

/** Announcements of a tenant. */
export const tenantAnnouncements = defineChannel('private-tenant.{tenantId}.announcements', {
  about: 'every user of the tenant',
  forms: ['private-encrypted'],
  params: { tenantId },
  list: { user: listOwnTenant },
  rules: { user: (user, { tenantId }) => [ofTenant(user, tenantId)] },
});

/** Announcements for all tenants. */
export const announcements = defineChannel('private-announcements', {
  about: 'every user of any tenant',
  forms: ['private-encrypted'],
  params: {},
  list: { user: () => [{}] },
  rules: {
    user: (user) => [check('user has a tenant', user.tenantId !== undefined)],
  },
});

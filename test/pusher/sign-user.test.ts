import { createHmac } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { createPusherApps } from '../../src/pusher/apps.ts';
import { createUserSigner } from '../../src/pusher/sign.ts';
import { signInOf } from './grants.ts';
import { settings } from './settings.ts';

const app = createPusherApps(settings());
const signUser = createUserSigner(app);

const authOf = (text: string) =>
  `app-key:${createHmac('sha256', 'app-secret').update(text).digest('hex')}`;

describe('createUserSigner', () => {
  it('signs only the id', () => {
    expect(signUser(signInOf({ socketId: '12.34', member: { user_id: '15' } }))).toEqual({
      auth: authOf('12.34::user::{"id":"15"}'),
      user_data: '{"id":"15"}',
    });
  });

  it('signs the public attributes of the user', () => {
    const member = { user_info: { name: 'Zoë' }, user_id: '15' };
    const user_data = '{"id":"15","user_info":{"name":"Zoë"}}';
    expect(signUser(signInOf({ socketId: '12.34', member }))).toEqual({
      auth: authOf(`12.34::user::${user_data}`),
      user_data,
    });
  });

  it('refuses an empty id', () => {
    const grant = signInOf({ socketId: '12.34', member: { user_id: '' } });
    expect(() => signUser(grant)).toThrow('Invalid user id');
  });

  it('uses the app of the tenant, and no other', () => {
    const ofTenantOne = createUserSigner({ for: (id) => (id === '1' ? app.for(id) : undefined) });
    const grant = signInOf({ socketId: '12.34', member: { user_id: '15' } });
    expect(ofTenantOne({ ...grant, tenantId: '1' })).toEqual(signUser(grant));
    expect(() => ofTenantOne({ ...grant, tenantId: '2' })).toThrow('without a Pusher app');
    expect(() => ofTenantOne(grant)).toThrow('without a Pusher app');
  });
});

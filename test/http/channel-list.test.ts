import { expect, it } from 'vitest';
import { useUsher, userToken } from '../support/usher.ts';

const usher = useUsher();

async function list(token: string, tenant: string): Promise<{ status: number; body: unknown }> {
  const headers = { authorization: `Bearer ${token}`, 'x-tenant-id': tenant };
  const answer = await fetch(`${usher.public}/api/channels`, { headers });
  return { status: answer.status, body: await answer.json() };
}

it('lists the channels of a tenant’s user, each of which was judged', async () => {
  expect(await list(userToken(), '1')).toEqual({
    status: 200,
    body: {
      channels: [
        'private-tenant.1.escrow.42',
        'private-tenant.1.escrow.42.chat',
        'presence-tenant.1.escrow.42.chat',
        'private-tenant.1.user.15',
        'private-tenant.1.announcements',
        'private-announcements',
      ],
    },
  });
});

it('lists nothing of a tenant that is not the token’s', async () => {
  expect(await list(userToken(), '2')).toEqual({ status: 200, body: { channels: [] } });
  const other = await list(userToken({ tenant_id: '2' }), '2');
  expect(JSON.stringify(other.body)).not.toContain('tenant.1.');
});

import { expect, it } from 'vitest';
import { runPolicyTests } from '../../../src/policy-test/run-tests.ts';
import { loadPolicyFiles } from '../../support/load-policy-files.ts';

const issuer = `version: 1
issuers:
  partner:
    issuer: https://partner.example
    keys: { secret: { env: PARTNER_SECRET } }
    audience: [chat]
    kind: partner
    attributes: { shop: { claim: shop, type: string } }
`;

const channelFor = (kind: string) => `import { check, defineChannel } from 'usher/policy';
export const orders = defineChannel('private-orders-{shop}', {
  about: 'the orders of a shop, for its partner',
  params: { shop: 'id' },
  allow: {
    ${kind}: ({ ${kind}, params }) => [check('partner has the shop', ${kind}.shop === params.shop)],
  },
});
`;

const tests = `principals:
  ada: { kind: partner, id: '15', shop: north }
  ben: { kind: partner, id: '16', shop: south }
expect:
  - { who: ada, channel: private-orders-north, grant: true }
  - { who: ben, channel: private-orders-north, refuse: not-allowed }
`;

it('a module may have rules for the principals of an issuer in a YAML file next to it', async () => {
  const policy = await loadPolicyFiles({
    'issuers.yaml': issuer,
    'orders.ts': channelFor('partner'),
    'policy.test.yaml': tests,
  });
  const { results } = await runPolicyTests(policy, () => 0);
  expect(results.map(({ problems }) => problems)).toEqual([[], []]);
});

it('a module for a kind of principal that no credential creates is refused', async () => {
  await expect(
    loadPolicyFiles({ 'issuers.yaml': issuer, 'orders.ts': channelFor('partnr') }),
  ).rejects.toThrow(
    'the channel private-orders-{shop}: partnr is not a kind of principal; the nearest is partner',
  );
});

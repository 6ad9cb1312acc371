import { expect, it } from 'vitest';
import { reservedPaths } from '../../../src/policy/reserved-paths.ts';
import { useUsher } from '../../support/usher.ts';
import { send } from '../requests.ts';

interface Docs {
  readonly paths: Readonly<Record<string, { readonly servers?: unknown }>>;
}

const usher = useUsher({ POLICY: 'builtin:rooms' });

it('the list has all paths of the public port that are not declared by a policy', async () => {
  const { text } = await send(usher.operator, { method: 'GET', path: '/docs', headers: {} });
  const { paths } = JSON.parse(text) as Docs;
  const documented = Object.keys(paths).filter((path) => paths[path]?.servers === undefined);
  const undocumented = reservedPaths.filter((path) => path.startsWith('/demo'));
  expect([...documented, ...undocumented].sort()).toEqual([...reservedPaths].sort());
});

it.each(reservedPaths)('%s is a route', async (path) => {
  const request = { method: 'PATCH', path: path.replaceAll(/\{\w+\}/g, 'x'), headers: {} };
  expect((await send(usher.public, request)).status).not.toBe(404);
});

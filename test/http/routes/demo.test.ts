import { describe, expect, it } from 'vitest';
import { useUsher } from '../../support/usher.ts';
import { send } from '../requests.ts';

const get = (path: string) => ({ method: 'GET', path, headers: {} });

interface Visits {
  readonly visits: readonly { readonly who: string; readonly channel: string }[];
}

describe('GET /demo', () => {
  const usher = useUsher();

  it('is a page that loads scripts only from Usher and connects only to the Pusher server', async () => {
    const { status, headers, text } = await send(usher.public, get('/demo'));
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(headers.get('content-security-policy')).toContain(
      "default-src 'none'; script-src 'self'",
    );
    const files = [...text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '');
    expect(files.length).toBeGreaterThan(3);
    for (const file of files) {
      const { status: found, text: content } = await send(usher.public, get(file));
      expect([file, found, content.length > 100]).toEqual([file, 200, true]);
    }
  });

  it('contains the users of the demo, with tokens that no page of another origin can read', async () => {
    const { headers, text } = await send(usher.public, {
      ...get('/demo/visits?seconds=12'),
      headers: { origin: 'https://other.example' },
    });
    expect(headers.get('access-control-allow-origin')).toBeNull();
    const { visits } = JSON.parse(text) as Visits;
    expect(new Set(visits.map(({ who }) => who))).toEqual(
      new Set(['guest', 'neighbour', 'buyer', 'seller']),
    );
  });

  it('accepts any lifetime up to an hour', async () => {
    for (const seconds of ['', 'x', '-1', '1e9', 'Infinity']) {
      const { status } = await send(usher.public, get(`/demo/visits?seconds=${seconds}`));
      expect([seconds, status]).toEqual([seconds, 200]);
    }
  });
});

describe('in production', () => {
  const usher = useUsher({ NODE_ENV: 'production' });

  it.each(['/demo', '/demo/visits', '/demo/demo.js', '/demo/pusher.js', '/demo/decisions/x'])(
    'there is no %s',
    async (path) => {
      expect((await send(usher.public, get(path))).status).toBe(404);
    },
  );
});

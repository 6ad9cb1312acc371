import { describe, expect, it } from 'vitest';
import { send } from '../http/requests.ts';
import { useUsher } from '../support/usher.ts';
import { json, plain, useScriptedApplication } from './scripted-application.ts';

const host = await useScriptedApplication();
const introspected = { SESSION_MODE: 'introspect', SESSION_INTROSPECTION_URL: host.url };

/** The response of `POST /explain` for a channel of visitors, and the cookies that the application got. */
async function explain(operator: string, token: string) {
  host.respondWith = (response, request) => {
    const isKnown = /(?:^|; )sessionid=of-a-clerk(?:;|$)/.test(request.headers.cookie ?? '');
    (isKnown ? json({ id: 15, is_staff: true }) : plain(401))(response, request);
  };
  const body = JSON.stringify({ channel: 'private-chat-box', token });
  const headers = { 'content-type': 'application/json' };
  const { text } = await send(operator, { method: 'POST', path: '/explain', headers, body });
  return {
    response: JSON.parse(text) as unknown,
    cookies: host.requests.map((request) => request.headers.cookie),
  };
}

describe('POST /explain with a session cookie', () => {
  const usher = useUsher(introspected);

  it.each(['of-a-clerk', 'sessionid=of-a-clerk', 'Cookie: a=1; sessionid=of-a-clerk; b=2'])(
    'accepts it as %s',
    async (token) => {
      const { response, cookies } = await explain(usher.operator, token);
      expect(response).toMatchObject({ outcome: 'grant', principal: { kind: 'visitor' } });
      // The same cookie is cached.
      expect(cookies.filter((each) => each !== 'sessionid=of-a-clerk')).toEqual([]);
    },
  );

  it('names the check of a session that the application does not know', async () => {
    expect((await explain(usher.operator, 'sessionid=another')).response).toMatchObject({
      code: 'credential-rejected',
      failed_check: 'the application knows who is logged in: found status 401',
    });
  });
});

describe('POST /explain with several session cookies', () => {
  const usher = useUsher({ ...introspected, SESSION_COOKIES: 'sessionid,sessionid.sig' });

  it('sends only these', async () => {
    const header = 'a=1; sessionid=of-a-clerk; sessionid.sig=x';
    const { response, cookies } = await explain(usher.operator, header);
    expect(response).toMatchObject({ outcome: 'grant' });
    expect(cookies).toEqual(['sessionid=of-a-clerk; sessionid.sig=x']);
  });
});

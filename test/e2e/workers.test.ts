import { execFileSync } from 'node:child_process';
import { createServer, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openClient, type TestSocket } from '../support/web-socket.ts';
import { postForm, requestJson, get } from './support/requests.ts';
import { createTokenMint, secondsNow, type TokenMint } from './support/tokens.ts';
import { startUsher, type Usher } from './support/usher.ts';
import { within } from './support/within.ts';

const secrets = {
  guest: 'guests-9Rw4mT2bVx7Kq1Zd8Yc5-usher-tests',
  user: 'users-3Hk8sN6vQw2Lp9Xb4Jd7-usher-tests',
};

const environment = {
  NODE_ENV: 'test',
  LOG_LEVEL: 'info',
  WORKERS: '2',
  GUEST_TOKEN_SECRET: secrets.guest,
  USER_TOKEN_SECRET: secrets.user,
  CHAT_SERVER_KEYS: 'chat:development only: the secret of a demo chat server',
  PUSHER_TERMINATE: 'off',
  RATE_LIMIT_AUTHORIZATIONS: '10',
  RATE_LIMIT_CONNECTIONS: '10000',
};

/** The processes of the workers. */
const workersOf = ({ pid }: Usher): readonly number[] =>
  execFileSync('ps', ['--ppid', String(pid), '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('main.js'))
    .map((line) => Number.parseInt(line, 10));

describe('two workers', () => {
  let usher: Usher;
  let tokens: TokenMint;

  beforeAll(async () => {
    tokens = createTokenMint(secrets);
    usher = await startUsher(environment);
  });
  afterAll(async () => {
    await usher.stop();
  });

  const enter = (token: string, i = 1) =>
    postForm(
      `${usher.publicUrl}/broadcasting/auth`,
      { socket_id: `${i}.1`, channel_name: 'private-tenant.1.user.15' },
      // A new connection each time, so that both workers get some of them.
      { authorization: `Bearer ${token}`, 'x-tenant-id': '1', connection: 'close' },
    );

  /** The value of a metric of each worker, by its number. */
  const metric = async (pattern: RegExp) => {
    const { text } = await get(`${usher.operatorUrl}/metrics`);
    return new Map(
      text
        .split('\n')
        .filter((line) => pattern.test(line))
        .map((line) => [/worker="(\d+)"/.exec(line)?.[1], Number(line.split(' ').at(-1))]),
    );
  };

  it('share the port and its limits', async () => {
    const token = tokens.user({ jti: 'one' });
    const responses = await Promise.all(Array.from({ length: 30 }, (_, i) => enter(token, i)));
    const granted = responses.filter(({ status }) => status === 200);
    expect([granted.length, responses.length - granted.length]).toEqual([10, 20]);
    for (const { status, headers } of responses) {
      expect([200, 429]).toContain(status);
      if (status === 429) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    }
  });

  it('have one page of metrics, with a series for each worker', async () => {
    const granted = await metric(/^usher_decisions_total\{.*outcome="grant"/);
    expect([...granted.values()].reduce((a, b) => a + b, 0)).toBe(10);
    expect([...(await metric(/^process_resident_memory_bytes/)).keys()]).toEqual(['1', '2']);
    expect([...(await metric(/^usher_policy_info/)).keys()]).toEqual([undefined]);
  });

  it('reload the policy together', async () => {
    const { status, text } = await requestJson('POST', `${usher.operatorUrl}/policy/reload`, {});
    expect([status, text]).toEqual([200, expect.stringContaining('"unchanged"')]);
  });

  const ticket = async () => {
    const { text } = await requestJson(
      'POST',
      `${usher.publicUrl}/api/websocket/ticket`,
      {
        entityId: 'E-7',
        entityType: 'order',
        providerResId: 'P-3',
        clientInfo: { userAgent: 'test', timestamp: Date.now() },
      },
      { authorization: `Bearer ${tokens.user({ sub: '21' })}`, 'x-chat-server-key': 'chat' },
    );
    return (JSON.parse(text) as { readonly ticket: string }).ticket;
  };
  const show = async (ticket: string) => {
    const client = await openClient(usher.publicUrl, '/ws', {});
    client.socket.send(JSON.stringify({ type: 'ticket_authenticate', ticket, clientInfo: {} }));
    const response = await within(15_000, client.next(), () => 'No answer');
    return { client, isIn: response.toString().includes('authentication_success') };
  };

  it('accept a ticket once, in twenty concurrent attempts', async () => {
    const issued = await ticket();
    const attempts = await Promise.all(Array.from({ length: 20 }, () => show(issued)));
    expect(attempts.filter(({ isIn }) => isIn)).toHaveLength(1);
    for (const { client } of attempts) client.socket.terminate();
  });

  it('refuse immediately, and close WebSockets, after a revocation at either of them', async () => {
    const clients: TestSocket[] = [];
    for (let i = 0; i < 6; i += 1) clients.push((await show(await ticket())).client);
    const old = tokens.user({ sub: '21', iat: secondsNow() - 10 });
    await requestJson('POST', `${usher.operatorUrl}/revocations`, { user_id: '21' });
    for (let i = 0; i < 10; i += 1) expect((await enter(old, i)).status).toBe(401);
    const closed = Promise.all(clients.map((client) => client.closed));
    const closings = await within(15_000, closed, () => 'A WebSocket stayed open');
    expect(new Set(closings.map(({ code }) => code))).toEqual(new Set([4003]));
  });

  it('continue when one is killed, and it is replaced', async () => {
    const [killed] = workersOf(usher);
    process.kill(killed!, 'SIGKILL');
    await within(
      60_000,
      (async () => {
        const isBack = () => workersOf(usher).length === 2 && !workersOf(usher).includes(killed!);
        while (
          !isBack() ||
          (await metric(/^process_resident_memory_bytes/).catch(() => new Map())).size < 2
        ) {
          // A connection to the killed worker is closed, as that to any process is.
          const status = await get(`${usher.operatorUrl}/readyz`).then(
            (response) => response.status,
            () => 200,
          );
          expect(status).toBe(200);
        }
      })(),
      () => usher.output(),
    );
    expect(usher.output()).toContain('a worker ended');
    expect((await enter(tokens.user({ sub: '22' }))).status).toBe(403);
  }, 120_000);

  it('complete open requests and exit after SIGTERM, and leave no process', async () => {
    const pids = workersOf(usher);
    await usher.stop('SIGTERM');
    expect(usher.output().match(/"msg":"closed"/g)).toHaveLength(2);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  });
});

describe('a worker that cannot start', () => {
  it('stops Usher with its error', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    const error: unknown = await startUsher({ ...environment, PORT: String(port) }).catch(
      (reason: unknown) => reason,
    );
    taken.close();
    expect(String(error)).toContain(`port ${port} is taken by another process`);
  }, 120_000);
});

import { describe, expect, it } from 'vitest';
import { parseRedisUrl } from '../../src/redis/redis-url.ts';

describe('the address of Redis', () => {
  it.each<[string, object]>([
    [
      'redis://redis',
      {
        kind: 'single',
        tls: false,
        nodes: [{ host: 'redis', port: 6379 }],
        login: {},
        database: 0,
      },
    ],
    ['redis://h/', { database: 0 }],
    ['redis://h:6380/15', { nodes: [{ host: 'h', port: 6380 }], database: 15 }],
    ['redis://h?db=2&family=0', { database: 2 }],
    ['rediss://u:p%40ss@h', { tls: true, login: { username: 'u', password: 'p@ss' } }],
    ['redis://:p:q%@h', { login: { password: 'p:q%' } }],
    ['redis://[::1]:1', { nodes: [{ host: '::1', port: 1 }] }],
    [
      'redis+cluster://u:p@a,b:7000,[fe80::2]',
      {
        kind: 'cluster',
        login: { username: 'u', password: 'p' },
        nodes: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 7000 },
          { host: 'fe80::2', port: 6379 },
        ],
      },
    ],
    ['rediss+cluster://a/0', { kind: 'cluster', tls: true }],
    [
      'rediss+sentinel://u:p@a,b:1/main%2Fone?db=3&sentinel_username=s&sentinel_password=t',
      {
        kind: 'sentinel',
        tls: true,
        database: 3,
        nodes: [
          { host: 'a', port: 26379 },
          { host: 'b', port: 1 },
        ],
        sentinel: { master: 'main/one', login: { username: 's', password: 't' } },
      },
    ],
  ])('%s is accepted', (text, expected) => {
    expect(parseRedisUrl(text)).toMatchObject(expected);
  });

  it.each([
    ['redis://h/secret-db', 'must give the database as a number'],
    ['redis://h/-1', 'must give the database as a number'],
    ['redis://h/1.5', 'must give the database as a number'],
    ['redis://h?db=secret', 'must give the database as a number'],
    ['redis://h?secret=1', 'has an unknown parameter after the ?; known are db, family'],
    ['redis://h:0', 'must have ports from 1 to 65535'],
    ['redis://h:65536', 'must have ports from 1 to 65535'],
    ['redis://h:secret', 'must name hosts as host or host:port'],
    ['redis://', 'must name hosts as host or host:port'],
    ['redis:///0', 'must name hosts as host or host:port'],
    ['redis+cluster://a,,b', 'must name hosts as host or host:port'],
    ['redis://::1', 'must name hosts as host or host:port'],
    ['redis://a,b', 'names several servers: write redis+cluster://'],
    ['redis+cluster://a/1', 'must not name a database: a Redis Cluster has database 0 only'],
    ['redis+sentinel://a', 'must end with the name of the master'],
    ['redis+sentinel://a/?db=1', 'must end with the name of the master'],
    ['redis+sentinel://a/m?secret=1', 'sentinel_username, sentinel_password'],
    ['redis://:se/cret@h', 'write / ? # @ as %2F %3F %23 %40'],
    ['redis://:se#cret@h', 'write / ? # @ as %2F %3F %23 %40'],
    ['redis+srv://secret', 'must have the form'],
    ['http://secret', 'must have the form'],
    ['secret:6379', 'must have the form'],
  ])('%s is refused with a message that repeats no part of it', (text, message) => {
    const parsed = parseRedisUrl(text);
    expect(parsed).toEqual({ problem: expect.stringContaining(message) as string });
    expect(JSON.stringify(parsed)).not.toContain('secret');
  });
});

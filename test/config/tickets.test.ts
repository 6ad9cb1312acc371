import { describe, expect, it } from 'vitest';
import { ConfigurationError, loadConfig } from '../../src/config/load.ts';
import type { Environment } from '../../src/config/read.ts';
import { testEnvironment } from '../support/usher.ts';

const one = 'one-7Yk2mQx9Lr4Vt6Wz8Bn3-usher-tests';
const two = 'two-3Hd8sKp5Tc1Jw9Fg6Xq4:with:colons';
const load = (changes: Environment) => loadConfig({ ...testEnvironment, ...changes });
const problemsOf = (changes: Environment): readonly string[] => {
  try {
    load(changes);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
};

describe('the settings of tickets', () => {
  it('read the chat servers, each with its secret', () => {
    const { tickets } = load({ CHAT_SERVER_KEYS: `chat-1:${one}, chat.2:${two}` });
    const secrets = [...tickets.chatServers].map(([key, secret]) => [key, secret.reveal()]);
    expect(secrets).toEqual([
      ['chat-1', one],
      ['chat.2', two],
    ]);
    expect(JSON.stringify([...tickets.chatServers])).not.toContain(one);
  });

  it.each([
    ['chat-1', 'CHAT_SERVER_KEYS item 1 must be a key and its secret in ASCII, as in key:secret'],
    [`:${one}`, 'CHAT_SERVER_KEYS item 1 must be a key and its secret in ASCII, as in key:secret'],
    [
      `a b:${one}`,
      'CHAT_SERVER_KEYS item 1 must be a key and its secret in ASCII, as in key:secret',
    ],
    [
      'chat-1:short',
      'CHAT_SERVER_KEYS item 1 must not have a secret that is shorter than 32 bytes',
    ],
    [
      `chat-1:${'ab'.repeat(20)}`,
      'CHAT_SERVER_KEYS item 1 must not have a secret that has fewer than 8 different characters',
    ],
    [`chat-1:${one},chat-1:${two}`, 'CHAT_SERVER_KEYS has a duplicate key'],
  ])('refuse %s by name, without the value', (value, problem) => {
    expect(problemsOf({ CHAT_SERVER_KEYS: value })).toEqual([problem]);
  });

  it('have a chat server in development, and none in production', () => {
    expect([...load({}).tickets.chatServers.keys()]).toEqual(['chat']);
    const production = { NODE_ENV: 'production', OPS_TOKEN: 'x'.repeat(32) };
    expect([...load(production).tickets.chatServers.keys()]).toEqual([]);
  });

  it('limit the lifetime of tickets to two hours', () => {
    expect(load({}).tickets.lifetimeMs).toBe(7_200_000);
    expect(load({ TICKET_TTL: '90s' }).tickets.lifetimeMs).toBe(90_000);
    expect(problemsOf({ TICKET_TTL: '121m' })).toEqual(['TICKET_TTL must be 2h at most']);
  });

  it('accept a Redis with or without TLS, and nothing else', () => {
    expect(load({}).redis).toBeUndefined();
    expect(load({ REDIS_URL: 'rediss://u:p@redis:6380/2' }).redis?.reveal()).toBe(
      'rediss://u:p@redis:6380/2',
    );
    expect(problemsOf({ REDIS_URL: 'http://redis' })).toEqual([
      expect.stringMatching(/^REDIS_URL must have the form redis:\/\/host:6379\/0, /),
    ]);
  });
});

import { expect, it } from 'vitest';
import { createDependencies } from '../../src/observability/dependencies.ts';
import { RowRefused, Unavailable } from '../../src/runtime/unavailable.ts';

const failing = (error: Error) => () => Promise.reject(error);

it('a dependency without a request has no state', () => {
  const { watch, names, states } = createDependencies();
  watch('redis');
  expect([...names(), ...states()]).toEqual(['redis']);
});

it('is up if the last request got a response, which may be a refusal', async () => {
  const { watch, states } = createDependencies();
  const { observe } = watch('database');
  expect(await observe(() => Promise.resolve('row'))).toBe('row');
  expect(states().get('database')).toBe(true);
  const outage = new Unavailable('database');
  await expect(observe(failing(outage))).rejects.toBe(outage);
  expect(states().get('database')).toBe(false);
  const refused = new RowRefused(true);
  await expect(observe(failing(refused))).rejects.toBe(refused);
  expect(states().get('database')).toBe(true);
});

it('is up if all servers with its name respond, whichever got the last request', () => {
  const { watch, states } = createDependencies();
  const [guests, users] = [watch('token keys'), watch('token keys')];
  guests.report(false);
  users.report(true);
  expect([...states()]).toEqual([['token keys', false]]);
  guests.report(true);
  users.report(false);
  expect([...states()]).toEqual([['token keys', false]]);
  users.report(true);
  expect([...states()]).toEqual([['token keys', true]]);
});

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestProblem } from '../../../src/http/output/problem.ts';
import { channelNames } from '../../../src/http/routes/channel-batch-auth/channel-names.ts';

const read = (body: unknown): readonly string[] | 'refused' => {
  try {
    return channelNames(body);
  } catch (error) {
    if (error instanceof RequestProblem && error.status === 400) return 'refused';
    throw error;
  }
};

// Up to the maximum length, since fast-check prefers shorter texts.
const size = 'max';
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const list = fc.oneof(
  fc.uniqueArray(name, { maxLength: 120, size }),
  fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 4 }),
);
const field = fc.oneof(
  fc.constantFrom(
    'channel_name',
    'channel_name[',
    'channel_name[]',
    'channel_name[01]',
    'socket_id',
  ),
  fc.nat(120).map((i) => `channel_name[${i}]`),
  fc.string({ unit: 'binary', maxLength: 4 }).map((text) => `channel_name[${text}]`),
);

describe('the names of a batch', () => {
  it('are those that were sent, in a form and in JSON', () => {
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 100, size }), (names) => {
        const form = Object.fromEntries(names.map((each, i) => [`channel_name[${i}]`, each]));
        expect(read({ socket_id: '1.2', ...form })).toEqual(names);
        expect(read({ socket_id: '1.2', channel_name: names })).toEqual(names);
      }),
    );
  });

  it('are those of the form if JSON contains null', () => {
    expect(read({ channel_name: null, 'channel_name[0]': 'private-a' })).toEqual(['private-a']);
    expect(read({ channel_name: null })).toBe('refused');
  });

  it('are refused if one is repeated, or there are more than a hundred', () => {
    fc.assert(
      fc.property(list, fc.boolean(), (names, inForm) => {
        const form = Object.fromEntries(names.map((each, i) => [`channel_name[${i}]`, each]));
        const bad = names.length < 1 || names.length > 100 || new Set(names).size < names.length;
        expect(read(inForm ? form : { channel_name: names })).toEqual(bad ? 'refused' : names);
      }),
    );
  });

  it('are at most a hundred distinct texts, or refused, for any input', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.dictionary(field, fc.anything())), (body) => {
        const names = read(body);
        if (names === 'refused') return;
        expect(names.length).toBeGreaterThan(0);
        expect(names.length).toBeLessThanOrEqual(100);
        expect(names.every((each) => typeof each === 'string' && each !== '')).toBe(true);
        expect(new Set(names).size).toBe(names.length);
      }),
    );
  });
});

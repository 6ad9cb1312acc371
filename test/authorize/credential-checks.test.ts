import { describe, expect, it } from 'vitest';
import type { Identification } from '../../src/authn/credential.ts';
import { user } from '../policies/principals.ts';
import { authorizing, request } from './authorizing.ts';

const decide = (identified: Identification) =>
  authorizing({ identify: () => Promise.resolve(identified) }).authorizeChannel(request());

describe('the checks of a credential', () => {
  it('contain the reason of a refusal, for operators', async () => {
    const detail = 'claim sub is a text: found a list';
    expect(await decide({ fault: 'credential-rejected', detail })).toMatchObject({
      outcome: 'refusal',
      code: 'credential-rejected',
      checks: [{ name: detail, passed: false }],
    });
  });

  it('are empty if no reader is configured', async () => {
    expect(await decide({ fault: 'credential-not-configured' })).toMatchObject({ checks: [] });
  });

  it('list ignored claims of a grant', async () => {
    const note = 'token is accepted without its name';
    const { outcome, checks } = await decide({ principal: user('15'), notes: [note] });
    expect(outcome).toBe('grant');
    expect(checks[0]).toMatchObject({ name: note, passed: true });
    expect(checks.length).toBeGreaterThan(1);
  });
});

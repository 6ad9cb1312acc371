import { checkChannel } from './check-channel.ts';
import type { PolicyDocument } from './policy-document.ts';
import type { SourceUrl } from '../policy.ts';
import { entriesOf, type Raw } from './raw.ts';
import { toChannels, type RawChannel } from './read-channels.ts';
import { checkFact, checkOrigin, toFacts, type RawFactKind } from './read-facts.ts';
import { createReader } from './read-file.ts';
import { checkIssuer, toIssuers, type RawIssuer } from './read-issuers.ts';
import {
  checkDoor,
  checkRoute,
  toDoors,
  toRoutes,
  type RawDoor,
  type RawRoute,
} from './read-routes.ts';
import { checkDemo, toDemo, type RawDemo } from './read-values.ts';

/** A policy file, as in the file. */
interface RawPolicy {
  readonly sources?: Raw<{ readonly url: SourceUrl; readonly token?: SourceUrl }>;
  readonly facts?: Raw<RawFactKind>;
  readonly channels?: Raw<RawChannel>;
  readonly routes?: Raw<RawRoute>;
  readonly doors?: Raw<RawDoor>;
  readonly issuers?: Raw<RawIssuer>;
  readonly codes?: Raw<string>;
  readonly demo?: RawDemo;
}

/** Reads a policy file. Expressions are not compiled, and patterns are not parsed. */
export const readPolicyFile = createReader<RawPolicy, PolicyDocument>({
  schema: 'policy.schema.json',
  foreign: { keys: ['expect'], names: 'a test of a policy; the name of a test ends in .test.yaml' },
  convert: ({ sources, facts, channels, routes, doors, issuers, codes, demo }) => ({
    version: 1,
    sources: entriesOf(sources, ['sources']).map(({ key, value, at }) => ({
      at,
      name: key,
      url: value.url,
      token: value.token,
    })),
    facts: toFacts(facts, ['facts']),
    channels: toChannels(channels, ['channels']),
    routes: toRoutes(routes, ['routes']),
    doors: toDoors(doors, ['doors']),
    issuers: toIssuers(issuers, ['issuers']),
    codes: entriesOf(codes, ['codes']).map(({ key, value, at }) => ({
      at,
      code: key,
      remedy: value,
    })),
    ...(demo !== undefined && { demo: toDemo(demo, ['demo']) }),
  }),
  check: ({ facts, channels, routes, doors, issuers, demo }) => [
    ...facts.flatMap(checkFact),
    ...facts.flatMap(checkOrigin),
    ...channels.flatMap(checkChannel),
    ...routes.flatMap(checkRoute),
    ...doors.flatMap(checkDoor),
    ...issuers.flatMap(checkIssuer),
    ...(demo === undefined ? [] : checkDemo(demo)),
  ],
});

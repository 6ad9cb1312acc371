import { parseChannelName, type ChannelName } from '../src/policy/pusher-names.ts';
import { createChannelRegistry, type ChannelRegistry } from '../src/policy/channel-registry.ts';
import { check } from '../src/policy/decision.ts';
import { createChannelType } from '../src/policy/channel-type.ts';
import { rotated } from './schedule.ts';
import { compare, type Ratio } from './statistics.ts';

/** Cost of matching a channel name with a registry of this size. */
export interface MatchCost {
  readonly channelTypes: number;
  /** Nanoseconds per match, one value per round. */
  readonly nanoseconds: readonly number[];
}

const names = 1_000;
const matches = 100_000;

/** Measures, in this process, how long matching a channel name takes. Throws if a name has no match. */
export function measureMatching(sizes: readonly number[], rounds: number): readonly MatchCost[] {
  const subjects = sizes.map((channelTypes) => ({
    channelTypes,
    registry: registryOf(channelTypes),
    channels: channelsOf(channelTypes),
    nanoseconds: [] as number[],
  }));
  for (const subject of subjects) matchAll(subject);
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of rotated(subjects, round)) subject.nanoseconds.push(matchAll(subject));
  }
  return subjects.map(({ channelTypes, nanoseconds }) => ({ channelTypes, nanoseconds }));
}

/** Costs relative to the first size. */
export function relativeCosts(costs: readonly MatchCost[]): readonly Ratio[] {
  const [first] = costs;
  return costs.map(({ nanoseconds }) => compare(nanoseconds, first?.nanoseconds ?? []));
}

function registryOf(channelTypes: number): ChannelRegistry {
  const checks = [check('never evaluated', false)];
  const rules = new Map([
    ['user', { facts: [], names: checks.map(({ name }) => name), check: () => checks }],
  ]);
  return createChannelRegistry(
    Array.from({ length: channelTypes }, (_, n) =>
      createChannelType(`private-family${n}.tenant.{tenantId}.thing.{thingId}`, {
        about: 'measured',
        params: { tenantId: 'id', thingId: 'id' },
        rules,
      }),
    ),
  );
}

function channelsOf(channelTypes: number): readonly ChannelName[] {
  return Array.from({ length: names }, (_, n) => {
    const channel = parseChannelName(
      `private-family${n % channelTypes}.tenant.t${n % 20}.thing.E-${n}`,
    );
    if (channel === undefined) throw new Error('The channel name is invalid');
    return channel;
  });
}

/** Returns nanoseconds per match. */
function matchAll({
  registry,
  channels,
}: {
  readonly registry: ChannelRegistry;
  readonly channels: readonly ChannelName[];
}): number {
  const start = performance.now();
  let matched = 0;
  for (let i = 0; i < matches; i += names) {
    for (const channel of channels) if (typeof registry.match(channel) === 'object') matched += 1;
  }
  if (matched < matches) throw new Error('A channel name has no match');
  return ((performance.now() - start) * 1e6) / matches;
}

import { parseChannelName, type ChannelName } from '../src/policy/pusher-names.ts';
import { createChannelRegistry, type ChannelRegistry } from '../src/policy/channel-registry.ts';
import { check } from '../src/policy/decision.ts';
import { createChannelType } from '../src/policy/channel-type.ts';
import { rotated } from './schedule.ts';
import { compare, type Ratio } from './statistics.ts';

/** The cost of parsing a name, by the number of channel types. */
export interface ReadingCost {
  readonly channelTypes: number;
  /** A value for each round. */
  readonly nanoseconds: readonly number[];
}

const names = 1_000;
const matches = 100_000;

/** Measures, within this process, the cost of finding the only match of a name. Throws if a name has none. */
export function measureReading(sizes: readonly number[], rounds: number): readonly ReadingCost[] {
  const subjects = sizes.map((channelTypes) => ({
    channelTypes,
    registry: registryOf(channelTypes),
    channels: channelsOf(channelTypes),
    nanoseconds: [] as number[],
  }));
  for (const subject of subjects) readAll(subject);
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of rotated(subjects, round)) subject.nanoseconds.push(readAll(subject));
  }
  return subjects.map(({ channelTypes, nanoseconds }) => ({ channelTypes, nanoseconds }));
}

/** The costs, as multiples of that at the first size. */
export function relativeCosts(costs: readonly ReadingCost[]): readonly Ratio[] {
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
    if (channel === undefined) throw new Error('No channel name');
    return channel;
  });
}

/** Nanoseconds of one reading. */
function readAll({
  registry,
  channels,
}: {
  readonly registry: ChannelRegistry;
  readonly channels: readonly ChannelName[];
}): number {
  const start = performance.now();
  let read = 0;
  for (let i = 0; i < matches; i += names) {
    for (const channel of channels) if (typeof registry.match(channel) === 'object') read += 1;
  }
  if (read < matches) throw new Error('A name without a reading');
  return ((performance.now() - start) * 1e6) / matches;
}

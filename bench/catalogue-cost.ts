import { parseChannelName, type ChannelName } from '../src/policy/pusher-names.ts';
import { createChannelRegistry, type ChannelRegistry } from '../src/policy/channel-registry.ts';
import { check } from '../src/policy/decision.ts';
import { createChannelType } from '../src/policy/channel-type.ts';
import { rotated } from './schedule.ts';
import { compare, type Ratio } from './statistics.ts';

/** What reading a name costs, by how many families there are. */
export interface ReadingCost {
  readonly families: number;
  /** A value for each round. */
  readonly nanoseconds: readonly number[];
}

const names = 1_000;
const readings = 100_000;

/** Measures, within this process, what it costs to find a name's one reading. Throws when a name has none. */
export function measureReading(sizes: readonly number[], rounds: number): readonly ReadingCost[] {
  const subjects = sizes.map((families) => ({
    families,
    catalogue: catalogueOf(families),
    channels: channelsOf(families),
    nanoseconds: [] as number[],
  }));
  for (const subject of subjects) readAll(subject);
  for (let round = 0; round < rounds; round += 1) {
    for (const subject of rotated(subjects, round)) subject.nanoseconds.push(readAll(subject));
  }
  return subjects.map(({ families, nanoseconds }) => ({ families, nanoseconds }));
}

/** The costs, as multiples of that at the first size. */
export function relativeCosts(costs: readonly ReadingCost[]): readonly Ratio[] {
  const [first] = costs;
  return costs.map(({ nanoseconds }) => compare(nanoseconds, first?.nanoseconds ?? []));
}

function catalogueOf(families: number): ChannelRegistry {
  const checks = [check('never asked', false)];
  const rules = new Map([
    ['user', { facts: [], names: checks.map(({ name }) => name), check: () => checks }],
  ]);
  return createChannelRegistry(
    Array.from({ length: families }, (_, n) =>
      createChannelType(`private-family${n}.tenant.{tenantId}.thing.{thingId}`, {
        about: 'measured',
        params: { tenantId: 'id', thingId: 'id' },
        rules,
      }),
    ),
  );
}

function channelsOf(families: number): readonly ChannelName[] {
  return Array.from({ length: names }, (_, n) => {
    const channel = parseChannelName(
      `private-family${n % families}.tenant.t${n % 20}.thing.E-${n}`,
    );
    if (channel === undefined) throw new Error('No channel name');
    return channel;
  });
}

/** Nanoseconds of one reading. */
function readAll({
  catalogue,
  channels,
}: {
  readonly catalogue: ChannelRegistry;
  readonly channels: readonly ChannelName[];
}): number {
  const start = performance.now();
  let read = 0;
  for (let i = 0; i < readings; i += names) {
    for (const channel of channels) if (typeof catalogue.match(channel) === 'object') read += 1;
  }
  if (read < readings) throw new Error('A name without a reading');
  return ((performance.now() - start) * 1e6) / readings;
}

import { createChannelType, type ChannelType } from '../channel-type.ts';
import type { FactKind } from '../fact-kind.ts';
import { kindNamed } from '../principal.ts';
import { rulesFor } from './channel-rules.ts';
import type { ChannelSpec, ParamsSpec } from './channel-spec.ts';
import { readFunctions, readParts } from './read-spec.ts';
import { sampleFunctions } from './sample.ts';

/** A channel that a module declares. A policy contains it if the module exports it. */
export interface DefinedChannel {
  readonly pattern: string;
}

interface Definition {
  readonly channelType: ChannelType;
  /** The kinds of the facts that it refers to, as far as a sample shows them. */
  readonly kinds: readonly FactKind[];
}

const defined = new WeakMap<object, Definition>();

/** The channel that this value declares, if `defineChannel` returned it. */
export function definedChannel(value: unknown): Definition | undefined {
  return typeof value === 'object' && value !== null ? defined.get(value) : undefined;
}

/** Declares a channel. Throws an `Error` that names the pattern if the declaration is invalid. */
export function defineChannel<
  const Text extends string,
  Facts = object,
  Kind extends string = never,
>(text: Text, spec: ParamsSpec<Text> & ChannelSpec<Text, Facts, Kind>): DefinedChannel {
  const channel = Object.freeze({ pattern: text });
  defined.set(channel, define(text, { ...spec }));
  return channel;
}

/** The compiler checks the types of a TypeScript module in an editor only, and those of JavaScript never. */
function define(text: string, spec: Readonly<Record<string, unknown>>): Definition {
  const { parts, functions, sampled } = readDeclaration(text, spec);
  const rules = new Map(
    [...functions.allow].map(([principal, rule]) => [
      kindNamed(principal),
      {
        ...(sampled.checks.get(principal) ?? { names: [] }),
        ...rulesFor([text, principal], rule, functions),
      },
    ]),
  );
  const channelType = createChannelType(text, { ...parts, rules });
  return { channelType, kinds: sampled.kinds };
}

function readDeclaration(text: unknown, spec: Readonly<Record<string, unknown>>) {
  if (typeof text !== 'string') throw new TypeError('defineChannel(pattern, …) takes a text first');
  try {
    // Before the functions: an unknown key is the cause of a missing one.
    const parts = readParts(spec);
    const functions = readFunctions(spec);
    return { parts, functions, sampled: sampleFunctions(functions) };
  } catch (error) {
    throw new Error(`Channel pattern ${text}: ${(error as Error).message}`, { cause: error });
  }
}

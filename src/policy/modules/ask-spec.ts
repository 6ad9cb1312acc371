import type { Ask } from '../ask.ts';
import { checkForward, toAsk } from '../yaml/read-http.ts';
import { partProblem } from '../yaml/validate.ts';
import { withSourceName, type DefinedSource } from './define-source.ts';
import type { HttpSpec } from './fact-origin.ts';

interface RequestSpec {
  readonly source: string | DefinedSource;
  readonly timeout?: string;
}

/** As `ask` of a channel in YAML. */
export type AskSpec = {
  /** Whether the application is the shadow: its decision is only compared, after the response. */
  readonly shadow?: boolean;
} & (
  | {
      readonly laravel: RequestSpec & {
        readonly path?: string;
        readonly forward: NonNullable<HttpSpec['forward']>;
      };
    }
  | { readonly authzen: RequestSpec }
);

/** Reads the `ask` of a channel. Throws a `TypeError`. */
export function readAsk(spec: unknown): Ask | undefined {
  if (spec === undefined) return undefined;
  const declared = Object.fromEntries(
    Object.entries(Object(spec) as object).map(([key, value]) => [
      key,
      key === 'shadow' ? (value as unknown) : withSourceName({ ...(Object(value) as RequestSpec) }),
    ]),
  );
  const problem = partProblem('ask', declared);
  if (problem !== undefined) throw new TypeError(`ask: ${problem}`);
  const ask = toAsk(declared);
  const [fault] = ask.type === 'laravel' ? checkForward(ask.forward, []) : [];
  if (fault !== undefined) throw new TypeError(`ask: ${fault.message}`);
  return ask;
}

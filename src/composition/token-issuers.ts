import { createDiscoveredKeys, createJwks } from '../authn/jwt/jwks.ts';
import { createLocalKeys } from '../authn/jwt/local-key.ts';
import {
  createTokenIssuers,
  createTokenKeys,
  type TokenIssuerDeps,
} from '../authn/token-issuers.ts';
import type { Config } from '../config/load.ts';
import { secretOverlapMs } from '../config/secret-rotation.ts';
import type { TokenConfig } from '../config/tokens.ts';
import type { Dependencies } from '../observability/dependencies.ts';
import { guestIssuer, userIssuer, type Policy } from '../policy/policy.ts';

interface IssuerDeps {
  readonly policy: () => Policy;
  readonly now: () => number;
  readonly dependencies: Pick<Dependencies, 'watch'>;
}

/** The issuers of the policy in use, with the keys of their tokens. */
export function buildTokenIssuers(
  config: Pick<Config, 'guestTokens' | 'userTokens' | 'variable'>,
  deps: IssuerDeps,
) {
  const { now, policy } = deps;
  const { variable } = config;
  const { watch, retain } = watchIssuers(deps.dependencies);
  const fixed = new Map(
    fixedTokens(config).map(([name, tokens]) => [name, fixedIssuer(name, tokens)]),
  );
  function fixedIssuer(name: string, { keys, expected, isDefault, maxAgeMs }: FixedTokens) {
    const watched = 'jwksUrl' in keys ? { name, onFetched: watch(name) } : {};
    return {
      keys: createTokenKeys(keys, { fetch, now, ...watched }),
      isSymmetric: 'secret' in keys,
      isDefault,
      issuer: expected?.issuer,
      audience: expected === undefined ? [] : [expected.audience],
      require: [],
      maxAgeMs,
    };
  }
  const openKeys: TokenIssuerDeps['openKeys'] = (name, keys) => {
    const onFetched = watch(name);
    if (keys.from === 'discovery') {
      return createDiscoveredKeys({ issuer: keys.issuer, name, fetch, now, onFetched });
    }
    if (keys.from === 'jwks') {
      const { url, algorithm } = keys;
      return createJwks({ url, algorithm, name, fetch, now, onFetched });
    }
    return createLocalKeys(keys, { variable, now, overlapMs: secretOverlapMs, onRead: onFetched });
  };
  return createTokenIssuers({ fixed, variable, openKeys, policy, onChange: retain });
}

type FixedTokens = TokenConfig & { readonly maxAgeMs?: number };

/** The issuers of settings that are configured. */
export const fixedTokens = ({
  guestTokens,
  userTokens,
}: Pick<Config, 'guestTokens' | 'userTokens'>): readonly (readonly [string, FixedTokens])[] => [
  ...(guestTokens ? [[guestIssuer, guestTokens] as const] : []),
  ...(userTokens ? [[userIssuer, userTokens] as const] : []),
];

/** The key sets of all issuers are one dependency, because issuers come and go with the policy. It is up if all of them are. */
function watchIssuers(dependencies: Pick<Dependencies, 'watch'>) {
  const failed = new Set<string>();
  let report: ((isUp: boolean) => void) | undefined;
  return {
    watch: (name: string) => {
      report ??= dependencies.watch('token keys').report;
      return (isUp: boolean) => {
        if (isUp) failed.delete(name);
        else failed.add(name);
        report?.(failed.size === 0);
      };
    },
    /** Drops the state of the issuers that are not in use any more. */
    retain: (names: ReadonlySet<string>) => {
      const before = failed.size;
      for (const name of failed) if (!names.has(name)) failed.delete(name);
      if (failed.size < before) report?.(failed.size === 0);
    },
  };
}

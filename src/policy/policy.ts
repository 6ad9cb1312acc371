import type { ChannelRegistry } from './channel-registry.ts';
import type { FactKind, ValueType } from './fact-kind.ts';
import type { Attributes, PrincipalKind } from './principal.ts';

/** The rules of an operator: everything that a decision depends on, apart from credentials and facts. Read-only. */
export interface Policy {
  /** The first 16 hexadecimal characters of the SHA-256 of the files; it is in the row of each decision. */
  readonly hash: string;
  /** The files, by their paths in messages. */
  readonly files: readonly string[];
  /** The paths of the files that modules import. */
  readonly imported: readonly string[];
  readonly channels: ChannelRegistry;
  /** The servers of the application that Usher asks, by name. */
  readonly sources: ReadonlyMap<string, SourcePolicy>;
  readonly factKinds: ReadonlyMap<string, FactKind>;
  readonly issuers: ReadonlyMap<string, IssuerPolicy>;
  /** The refusal codes that checks declare. */
  readonly codes: ReadonlyMap<string, RefusalCodePolicy>;
  /** Further routes for channel authorization, by path. */
  readonly routes: ReadonlyMap<string, RoutePolicy>;
  /** WebSocket paths of the application, by path. */
  readonly doors: ReadonlyMap<string, DoorPolicy>;
  readonly demo: DemoPolicy;
  readonly tests: readonly PolicyTest[];
}

/** A server of the application. The environment or a file has its URL, so that no policy contains a password. */
export interface SourcePolicy {
  readonly name: string;
  readonly url: SourceUrl;
  /** Where the token is that Usher sends to an HTTP source. */
  readonly token?: SourceUrl | undefined;
  /** The file of the declaration, with line and column if they are known. */
  readonly place: string;
}

export type SourceUrl = { readonly env: string } | { readonly file: string };

export interface RefusalCodePolicy {
  readonly remedy: string;
  /** The security event of such a refusal. */
  readonly event?: 'cross-tenant' | undefined;
}

/** The name of the issuer whose keys are the `GUEST_TOKEN_…` settings. */
export const guestIssuer = 'guest_token';

/** The name of the issuer whose keys are the `USER_TOKEN_…` settings. */
export const userIssuer = 'user_token';

/** The name of the declaration of visitors, whom the application names by the `SESSION_…` settings. It has no tokens. */
export const sessionIssuer = 'session';

/** The names of the issuers whose other half is settings. */
export const fixedIssuers: readonly string[] = [guestIssuer, userIssuer, sessionIssuer];

/** How the tokens of an issuer are verified, and how their claims become a principal. */
export interface IssuerPolicy extends PrincipalClaims {
  /** `undefined` for an issuer of settings. */
  readonly tokens?: TokenPolicy;
}

/** How claims become a principal. */
export interface PrincipalClaims {
  readonly kind: PrincipalKind;
  /** The attributes whose values, joined with `/`, are the id of the principal; empty if the id is a claim. */
  readonly id: readonly string[];
  readonly claims: ClaimsPolicy;
  readonly attributes: Readonly<Record<string, AttributePolicy>>;
  readonly revocation?: RevocationPolicy | undefined;
}

/** The claims of what rules read of every principal. An absent one is not read. */
export interface ClaimsPolicy {
  readonly id?: ClaimName;
  /** Several claims, whose roles are read together. */
  readonly roles: readonly ClaimName[];
  readonly tenant?: ClaimName;
  readonly name?: ClaimName;
}

export interface AttributePolicy {
  readonly claim: ClaimName;
  readonly type: ValueType;
  /** Whether a token without it is refused: it is part of the id, or revocations are compared with it. */
  readonly isRequired: boolean;
}

/** How the tokens of an issuer are verified. */
export interface TokenPolicy {
  /** The exact `iss`; `undefined` if it is not checked. */
  readonly issuer?: string;
  readonly keys: KeysPolicy;
  /** The accepted values of `aud`; empty if it is not checked. */
  readonly audience: readonly string[];
  /** What claims must be, by their names. */
  readonly require: Readonly<Record<string, ClaimRule>>;
  /** The maximum of `exp` − `iat`. */
  readonly maxAgeMs?: number;
  /** The table of the application in which its tokens are revoked. */
  readonly revokedIn?: 'oauth_access_tokens';
  /** Where the issuer is declared. */
  readonly place: Place;
}

export type KeysPolicy =
  | { readonly from: 'discovery'; readonly issuer: string }
  | { readonly from: 'jwks'; readonly url: URL }
  | {
      readonly from: 'secret' | 'public key';
      readonly place: KeyPlace;
      readonly algorithm?: string;
    };

/** Where a secret or a public key is. */
export type KeyPlace = { readonly env: string } | { readonly file: string };

/** The value of a claim that a policy requires. */
export type ClaimValue = string | number | boolean;

/** What a claim must be: one of these values, there at all, or another value than that of another claim. */
export type ClaimRule =
  | { readonly values: readonly ClaimValue[]; readonly isOptional: boolean }
  | 'present'
  | { readonly differsFrom: string };

/** The names of a claim and of the objects around it, or the variable with its name and the default. */
export type ClaimName = readonly string[] | { readonly env: string; readonly default: string };

/** The subject under which credentials of a kind are revoked. */
export interface RevocationPolicy {
  readonly subject: string;
  /** The fields of `POST /revocations`, in the order of the subject's parts, and the attribute of each. */
  readonly fields: ReadonlyMap<string, string>;
}

/** A route that authorizes some channels for one kind of credential. */
export interface RoutePolicy {
  readonly about: string;
  readonly credential: {
    readonly kind: PrincipalKind;
    readonly query?: string;
    readonly field?: string;
  };
  readonly pins: readonly RoutePin[];
  /** The patterns that the route signs; all without it. */
  readonly only: readonly string[] | undefined;
  readonly answers: AnswerStyle | undefined;
}

/** A parameter of the path that must equal a parameter of the channel. */
export interface RoutePin {
  readonly pathParam: string;
  readonly channelParam: string;
}

/** The value of a pin in one request. */
export interface PinnedParam {
  /** The parameter of the path. */
  readonly name: string;
  readonly value: string;
  readonly channelParam: string;
}

/** The pins of a route with the parameters of a path. */
export function pinParams(
  { pins }: Pick<RoutePolicy, 'pins'>,
  pathParams: Readonly<Record<string, string>>,
): readonly PinnedParam[] {
  return pins.map(({ pathParam: name, channelParam }) => {
    return { name, value: pathParams[name] ?? '', channelParam };
  });
}

/** The refusal code if the parameter of the path is not that of the channel. */
export function pinCode(pathParam: string): string {
  return `${pathParam}-mismatch`;
}

/** The error bodies of an existing client. */
export interface AnswerStyle {
  readonly name: string;
  /** The error of a request without its parameters. */
  readonly missing: string;
  readonly refusals: Readonly<Record<string, Answer>>;
  /** For all other refusal codes. */
  readonly otherwise: Answer;
}

export interface Answer {
  readonly status: number;
  readonly message: string;
}

export interface DoorPolicy {
  /** The channel that authorizes the path, with the parameters of the path. */
  readonly channel: string;
  /** The setting with the WebSocket server behind the path. */
  readonly upstream: { readonly env: string };
}

/** Facts and principals for development, which exist outside production only. */
export interface DemoPolicy {
  readonly facts: readonly DemoFact[];
  readonly principals: ReadonlyMap<string, DemoPrincipal>;
  readonly subscribe: readonly { readonly who: string; readonly channel: string }[];
}

/** A line of a file of the policy. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

export interface DemoFact {
  readonly place: Place;
  readonly kind: FactKind;
  readonly ids: readonly string[];
  /** The body, as `PUT /facts` takes it. */
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface DemoPrincipal {
  readonly kind: PrincipalKind;
  readonly id?: string;
  readonly tenant?: string;
  readonly name?: string;
  readonly roles: readonly string[];
  readonly attributes: Attributes;
}

/** The expected decisions of a test file. */
export interface PolicyTest {
  readonly file: string;
  /** The time of the decisions in milliseconds; the current time without it. */
  readonly now: number | undefined;
  readonly principals: ReadonlyMap<string, DemoPrincipal>;
  readonly facts: readonly DemoFact[];
  readonly expect: readonly PolicyExpectation[];
}

export interface PolicyExpectation extends ExpectedDecision {
  readonly line: number;
}

export interface ExpectedDecision {
  /** The name of a principal; without it the request has no credential. */
  readonly who?: string;
  readonly channel: string;
  readonly outcome: { readonly grant: true } | { readonly refuse: string };
  /** The tenant of the request; by default the principal's. */
  readonly tenant?: string;
  /** The path of a route of the policy; by default the general routes. */
  readonly route?: string;
  /** The parameters of the route's path. */
  readonly pins: Readonly<Record<string, string>>;
  /** What the application says, if it decides. */
  readonly hostSaysYes: boolean;
  /** The names of the variations that are granted as well. */
  readonly alsoGranted: readonly string[];
}

import type { ChannelRegistry } from './channel-registry.ts';
import type { FactKind, ValueType } from './fact-kind.ts';
import type { RoutePin } from './param.ts';
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
  /** The servers of the application that Usher connects to, by name. */
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
  /** The place of the token that Usher sends to an HTTP source. */
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

/** The names of the issuers whose keys are settings. */
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
  /** The roles may be the names of members whose values name the organizations in which the user has the role. */
  readonly rolesBy?: 'organization' | undefined;
  readonly attributes: Readonly<Record<string, AttributePolicy>>;
  readonly revocations: readonly RevocationPolicy[];
}

/** The claims of what rules read of every principal. An absent one is not read. */
interface ClaimsPolicy {
  readonly id?: ClaimName;
  /** Several claims, whose roles are read together. */
  readonly roles: readonly ClaimName[];
  readonly tenant?: ClaimName;
  readonly name?: ClaimName;
}

interface AttributePolicy {
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
  /** The required values of claims, by their names. */
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
  | {
      readonly from: 'jwks';
      readonly url: URL;
      /** The algorithm of keys without `alg`. */
      readonly algorithm?: string;
    }
  | {
      readonly from: 'secret' | 'public key';
      readonly place: KeyPlace;
      readonly algorithm?: string;
      /** That of a secret whose bytes are the key, not its text. */
      readonly encoding?: 'base64';
    };

/** The place of a secret or of a public key. */
export type KeyPlace = { readonly env: string } | { readonly file: string };

/** The value of a claim that a policy requires. */
export type ClaimValue = string | number | boolean;

/** The condition of a claim: one of these values, present at all, or different from another claim. */
export type ClaimRule =
  | { readonly values: readonly ClaimValue[]; readonly isOptional: boolean }
  | 'present'
  | { readonly differsFrom: string };

/** The names of a claim and of the objects around it, or the variable with its name and the default. */
export type ClaimName = readonly string[] | { readonly env: string; readonly default: string };

/** A subject under which credentials of a kind are revoked. */
export interface RevocationPolicy {
  readonly subject: string;
  /** The fields of `POST /revocations`, in the order of the subject's parts, and the attribute of each, or `id`. */
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
  /** Whether its principals or its channels may have a tenant, which a request must name then. Otherwise `X-Tenant-ID` is not read. */
  readonly mayHaveTenant: boolean;
  readonly answers: AnswerStyle | undefined;
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
  readonly place: Place;
}

/** Facts and principals for development, which exist outside production only. */
export interface DemoPolicy {
  readonly facts: readonly DemoFact[];
  readonly principals: ReadonlyMap<string, DemoPrincipal>;
  readonly subscribe: readonly DemoSubscription[];
}

interface DemoSubscription {
  readonly who: string;
  readonly channel: string;
  readonly place: Place;
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
  /** The decision of the application, if the channel has `ask`. */
  readonly applicationGrants: boolean;
  /** The names of the variations that are granted as well. */
  readonly alsoGranted: readonly string[];
}

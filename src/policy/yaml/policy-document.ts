import type { Ask } from '../ask.ts';
import type { ParamType } from '../param.ts';
import type { PatternForm } from '../pusher-names.ts';
import type { Field, HttpOrigin, ValueType } from '../fact-kind.ts';
import type {
  AnswerStyle,
  ClaimName,
  ClaimRule,
  ExpectedDecision,
  KeyPlace,
  SourceUrl,
} from '../policy.ts';
import type { Path } from './read-document.ts';

/** Each declaration has its place in the file, for `locate`. */
interface Declared {
  readonly at: Path;
}

/** The text of a CEL expression; `locateIn(at, offset)` finds a character of it. */
export interface Expression extends Declared {
  readonly text: string;
}

/** A policy file: the short forms are written out, and defaults are filled in. Nothing is compiled. */
export interface PolicyDocument {
  readonly version: 1;
  readonly sources: readonly SourceDeclaration[];
  readonly facts: readonly FactDeclaration[];
  readonly channels: readonly ChannelDeclaration[];
  readonly routes: readonly RouteDeclaration[];
  readonly doors: readonly DoorDeclaration[];
  readonly issuers: readonly IssuerDeclaration[];
  /** The refusal codes of this policy, and what an operator can do about each. */
  readonly codes: readonly CodeDeclaration[];
  readonly demo?: DemoDeclaration;
}

/** A server of the application. */
interface SourceDeclaration extends Declared {
  readonly name: string;
  readonly url: SourceUrl;
  readonly token?: SourceUrl | undefined;
}

export interface FactDeclaration extends Declared {
  readonly name: string;
  readonly about?: string;
  /** The names of the ids, in their order. */
  readonly ids: readonly string[];
  readonly fields: Readonly<Record<string, Field>>;
  /** The id or the field that names the tenant of a fact. */
  readonly tenant?: string;
  /** A second path on the operator's port, with each id once. */
  readonly path?: string;
  /** The query of a source that finds a fact. */
  readonly sql?: { readonly source: string; readonly query: string };
  readonly fresh?: Declared & { readonly ms: number; readonly isTwice: boolean };
  /** The request to the application for a fact. */
  readonly http?: Omit<HttpOrigin, 'type' | 'freshMs'>;
}

export interface ChannelDeclaration extends Declared {
  /** As in the file, with the prefix of the first form. */
  readonly pattern: string;
  /** The form of the pattern, then those of `also`. */
  readonly forms: readonly PatternForm[];
  readonly about?: string;
  readonly denied?: string;
  readonly params: Readonly<Record<string, ParamType>>;
  /** The parameter that is the tenant. */
  readonly tenant?: string;
  readonly facts: readonly FactReferenceDeclaration[];
  readonly allow: readonly KindRulesDeclaration[];
  readonly ask?: AskDeclaration;
  readonly list: readonly KindList[];
  readonly member: readonly KindMember[];
  readonly memberOnPrivate: boolean;
}

/** The `ask` of a channel. */
type AskDeclaration = Declared & Ask;

/** A fact that the rules of a channel read. */
export interface FactReferenceDeclaration extends Declared {
  /** The name in rules: `facts.NAME`. */
  readonly name: string;
  /** The kind of fact; by default the name. */
  readonly kind: string;
  readonly ids: readonly Expression[];
  /** Whether rules may test for it with `has(facts.NAME)`. */
  readonly optional: boolean;
}

/** The checks of one kind of principal, which all must hold. */
export interface KindRulesDeclaration extends Declared {
  readonly kind: string;
  readonly checks: readonly CheckDeclaration[];
}

interface CheckDeclaration extends Declared {
  readonly name: string;
  readonly rule: Expression;
  /** The refusal code; `not-allowed` if there is none. */
  readonly code?: string;
  /** Whether it is a shadow, which is only compared. */
  readonly isShadow: boolean;
}

/** The queries for the channels of one kind of principal. */
export interface KindList extends Declared {
  readonly kind: string;
  readonly queries: readonly ListQuery[];
}

export type ListQuery =
  | (Declared & {
      readonly type: 'fact';
      /** The kind of fact. */
      readonly fact: string;
      /** The values of ids and fields; `FIELD.user` is the user of a `guest_session`. */
      readonly where: Readonly<Record<string, Expression>>;
    })
  | (Declared & {
      readonly type: 'sql';
      readonly sql: { readonly source: string; readonly query: string };
      /** The values of the parameters of the query. */
      readonly where: Readonly<Record<string, Expression>>;
    })
  | (Declared & {
      readonly type: 'params';
      readonly params: Readonly<Record<string, Expression>>;
    });

/** The member data of one kind of principal. */
export interface KindMember extends Declared {
  readonly kind: string;
  readonly id: Expression;
  readonly info: readonly InfoEntry[];
}

export interface InfoEntry extends Declared {
  readonly name: string;
  readonly value: Expression;
  /** The entry is left out unless this is true. */
  readonly when?: Expression;
}

/** An address that authorizes channels with the client's own way to send a credential. */
export interface RouteDeclaration extends Declared {
  /** With parameters in braces, such as `/api/{school}/auth`. */
  readonly path: string;
  readonly about?: string;
  readonly credential: {
    /** The kind of principal. */
    readonly kind: string;
    /** The parameter of the query that has the credential. */
    readonly query?: string;
    /** The field of the body that has the credential. */
    readonly field?: string;
  };
  /** The parameters of the path that must equal parameters of the channel: path parameter → channel parameter. */
  readonly pins: Readonly<Record<string, string>>;
  /** The patterns of the only channels it authorizes; empty if it authorizes all. */
  readonly only: readonly string[];
  /** The name of an answer style. */
  readonly answers?: string;
}

/** A path at which WebSockets of the application are authorized and passed on. */
export interface DoorDeclaration extends Declared {
  readonly path: string;
  /** The channel name, with the parameters of the path in braces. */
  readonly channel: string;
  /** The variable that has the upstream's address. */
  readonly upstream: { readonly env: string };
}

/** An issuer of tokens, and the principal that they identify. */
export interface IssuerDeclaration extends Declared {
  readonly name: string;
  /** The name of the preset that has filled the fields. */
  readonly preset?: string;
  /** The exact `iss`. */
  readonly issuer?: string;
  /** Without them the issuer is one of settings. */
  readonly keys?: KeysDeclaration;
  /** The accepted values of `aud`; empty if it is not checked. */
  readonly audience: readonly string[];
  /** The required values of claims, by their names. */
  readonly require: Readonly<Record<string, ClaimRule>>;
  /** The maximum of `exp` − `iat`. */
  readonly maxAgeMs?: number;
  readonly kind: string;
  readonly claims: ClaimsDeclaration;
  /** The attributes that are the id of the principal, joined; empty if it is a claim. */
  readonly id: readonly string[];
  readonly attributes: readonly AttributeDeclaration[];
  /** The subjects of revocations besides the id: name of the subject → its field → attribute. */
  readonly revocations: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export type KeysDeclaration =
  | 'discover'
  | { readonly jwks: string; readonly algorithm?: string }
  | { readonly secret: KeyPlace; readonly algorithm?: string; readonly encoding?: 'base64' }
  | { readonly public_key: KeyPlace; readonly algorithm?: string };

/** The claims of what rules read of every principal. */
export type ClaimsDeclaration = Readonly<
  Partial<Record<'id' | 'roles' | 'tenant' | 'name', ClaimName>>
>;

export interface AttributeDeclaration extends Declared {
  readonly name: string;
  readonly type: ValueType;
  readonly claim: ClaimName;
}

interface CodeDeclaration extends Declared {
  readonly code: string;
  /** The remedy for the operator. */
  readonly remedy: string;
}

/** A plain value of a fact or of an attribute. */
export type PlainValue = string | number | boolean | readonly string[];

/** The values of a fact or of a principal, with their place. */
interface Values extends Declared {
  readonly values: Readonly<Record<string, PlainValue>>;
}

/** Facts by their kind: ids and fields together. */
export type FactValuesDeclaration = Readonly<Record<string, readonly Values[]>>;

export interface NamedPrincipal extends Values {
  readonly name: string;
  readonly kind: string;
}

/** Facts and principals for trying the policy, which exist outside production only. */
export interface DemoDeclaration extends Declared {
  readonly facts: FactValuesDeclaration;
  readonly principals: readonly NamedPrincipal[];
  readonly subscribe: readonly {
    readonly at: Path;
    /** The name of a principal. */
    readonly who: string;
    readonly channel: string;
  }[];
}

/** A `*.test.yaml` file. */
export interface PolicyTestDocument {
  /** The time of the decisions, in milliseconds; without it the file does not depend on it. */
  readonly now?: number;
  readonly principals: readonly NamedPrincipal[];
  readonly facts: FactValuesDeclaration;
  readonly expect: readonly Expectation[];
}

export interface Expectation extends Declared, ExpectedDecision {}

/** A file of an answer style: the exact error bodies of a route. The name of the file is that of the style. */
export type AnswersDocument = Omit<AnswerStyle, 'name'>;

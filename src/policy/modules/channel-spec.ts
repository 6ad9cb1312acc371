import type { PatternForm } from '../pusher-names.ts';
import type { Check } from '../decision.ts';
import type { FactKind } from '../fact-kind.ts';
import type { ParamType } from '../param.ts';
import type { ParamNames, ParamValues } from '../pattern.ts';
import type { PrincipalView } from '../principal.ts';
import type { AskSpec } from './ask-spec.ts';
import type { FactReference } from './define-fact.ts';
import type { SqlSpec } from './sql-spec.ts';

/** The principal under the name of its kind. With rules for several kinds it has one of these names only. */
type PrincipalInput<Kind extends string, Every extends string = Kind> = (
  Kind extends unknown ? ([Every] extends [Kind] ? true : false) : never
) extends true
  ? { readonly [Name in Every]: PrincipalView }
  : { readonly [Name in Every]?: PrincipalView };

/** The input of the function of a fact. */
export type FactInput<Params, Kind extends string> = PrincipalInput<Kind> & {
  readonly params: Params;
  readonly now: Date;
};

/** The input of a rule. An absent fact, and an absent attribute of the principal, is `undefined`. */
export type ChannelInput<Params, Facts, Kind extends string> = {
  readonly [Name in Kind]: PrincipalView;
} & {
  readonly params: Params;
  readonly facts: { readonly [Name in keyof Facts]?: Facts[Name] };
  readonly now: Date;
};

/** Refers to a fact. Without a reference the fact is absent. */
export type Refer<Input, Values> = (input: Input) => FactReference<Values> | undefined;

/** A fact that rules read. */
export interface FactSource<Input, Values> {
  readonly fact: Refer<Input, Values>;
  /** Whether the rules hold without it. */
  readonly optional?: boolean;
  /** Whether only rules with `shadow: true` read it: Usher then loads it after the response. */
  readonly shadow?: boolean;
}

type Rule<Input> = (input: Input) => readonly Check[];

/** A rule, and whether it is a shadow: its checks are only compared, after the response. */
interface MarkedRule<Input> {
  readonly rule: Rule<Input>;
  readonly shadow: boolean;
}

/** A rule, or several whose checks must all pass. */
type RuleSpec<Input> =
  Rule<Input> | MarkedRule<Input> | readonly (Rule<Input> | MarkedRule<Input>)[];

type InfoSpec = string | number | boolean | Date | readonly string[];

/** The member of a presence channel, which the other members see. */
export interface MemberSpec {
  readonly id: string;
  /** Entries without a value are left out. */
  readonly info?: Readonly<Record<string, InfoSpec | undefined>> | undefined;
}

/**
 * The channels of a principal: the parameters of one channel, or a query for facts. The ids of a found fact are the parameters of the
 * same names. An entry with a value of `undefined` is skipped.
 */
export type ListSpec<Params> =
  | { readonly params: { readonly [Name in keyof Params]: string | undefined } }
  | {
      readonly fact: { readonly kind: FactKind };
      readonly where: Readonly<Record<string, string | undefined>>;
    };

/** The input of the list of a principal. */
type ListInput<Name extends string> = { readonly [Own in Name]: PrincipalView } & {
  readonly now: Date;
};

/** A query whose rows are channels: its columns are the parameters of the pattern. */
export interface SqlListSpec<Input> {
  readonly sql: SqlSpec;
  /** The value of each parameter of the query. Without a value the list is empty. */
  readonly where: Readonly<Record<string, (input: Input) => string | undefined>>;
}

/** The parameters of the pattern. */
export type ParamsSpec<Text extends string> = [ParamNames<Text>] extends [never]
  ? { readonly params?: Readonly<Record<string, never>> }
  : { readonly params: { readonly [Name in ParamNames<Text>]: ParamType } };

/** The declaration of a channel. Its functions are pure and synchronous. */
export interface ChannelSpec<Text extends string, Facts, Kind extends string> {
  /** Who may subscribe, for the generated list of channels. */
  readonly about: string;
  /** The message of a refusal, for clients that expect this text. */
  readonly denied?: string;
  /** The forms in addition to that of the pattern. */
  readonly also?: readonly PatternForm[];
  /** The parameter that is the tenant: credential, `X-Tenant-ID` and channel must agree. */
  readonly tenant?: ParamNames<Text>;
  /** The facts that rules read, by name. Write them before `allow`: the compiler infers the types of `allow` from them. */
  readonly facts?: {
    readonly [Name in keyof Facts]:
      | Refer<FactInput<ParamValues<Text>, Kind>, Facts[Name]>
      | FactSource<FactInput<ParamValues<Text>, Kind>, Facts[Name]>;
  };
  /**
   * The checks by kind of principal. A kind that is not named is refused. A rule returns every check on every call. With `ask` it may
   * return none, and without `allow` every kind of principal is accepted.
   */
  readonly allow?: {
    readonly [Name in Kind]: RuleSpec<ChannelInput<ParamValues<Text>, Facts, Name>>;
  };
  /** Required for a presence form, for each kind of `allow`. */
  readonly member?: {
    readonly [Name in Kind]?: (input: ChannelInput<ParamValues<Text>, Facts, Name>) => MemberSpec;
  };
  /** Whether clients also read `channel_data` on the private form. */
  readonly memberOnPrivate?: boolean;
  /** The channels of a principal, for `GET /api/channels`. Each is authorized before it is returned. */
  readonly list?: {
    readonly [Name in Kind]?:
      | ((
          input: ListInput<Name>,
        ) => ListSpec<ParamValues<Text>> | readonly ListSpec<ParamValues<Text>>[])
      | SqlListSpec<ListInput<Name>>;
  };
  /** The application decides: its response is one more check, after all others. With `shadow: true` it is only compared. */
  readonly ask?: AskSpec;
}

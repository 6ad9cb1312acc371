import type { PusherDialect } from '../../pusher/dialects.ts';

/** One possible fault of an installation. Checks are pure, so that tests need no installation. */
export interface DoctorCheck<From = Evidence> {
  /** The condition that the check verifies. */
  readonly name: string;
  readonly run: (evidence: From) => CheckResult;
}

/** Texts name settings, never the values of secrets. */
export type CheckResult =
  | { readonly status: 'pass' }
  | { readonly status: 'fail'; readonly problem: string; readonly remedy: string }
  | { readonly status: 'unknown'; readonly reason: string };

export const pass: CheckResult = { status: 'pass' };

export const fail = (problem: string, remedy: string): CheckResult => ({
  status: 'fail',
  problem,
  remedy,
});

/** The check could not be run. */
export const unknown = (reason: string): CheckResult => ({ status: 'unknown', reason });

/** Why there is no response: an error code of Node or of TLS, `http-502`, `pusher-4001`, or `timeout`. */
export interface Fault {
  readonly fault: string;
}

export const isFault = (result: object): result is Fault => 'fault' in result;

/** The reaction of the Pusher server to a signature; `silent` after a timeout. */
export type Acceptance = 'accepted' | 'refused' | 'silent';

/** Results of the Pusher server. Without a connection there is no `plain` and no `withData`. */
export interface ServerEvidence {
  readonly greeting: { readonly date?: string } | Fault;
  /** A signature of the name of a private channel. */
  readonly plain?: Acceptance;
  /** A signature of the name and `channel_data`, which soketi refuses. */
  readonly withData?: Acceptance;
  readonly rest: { readonly status: number; readonly date?: string } | Fault;
}

/** A response of Usher or of a proxy in front of it. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The body, if it is a JSON object. */
  readonly json?: Readonly<Record<string, unknown>>;
  readonly tookMs: number;
}

/** Responses at Usher's public address to the requests of a browser. */
export interface UsherEvidence {
  readonly preflight: HttpResponse | Fault;
  /** The response to a request for an unknown channel, without a credential. */
  readonly refusal: HttpResponse | Fault;
  /** The same with a trailing slash. */
  readonly slash: HttpResponse | Fault;
}

/** The response to a request with a credential, and the reaction of the Pusher server to its signature. */
export interface AuthAttempt {
  readonly response: HttpResponse | Fault;
  readonly acceptance?: Acceptance;
}

/** The policy of this machine and, if it can be loaded, that of the running Usher. */
export type PolicyEvidence =
  | { readonly problems: readonly string[] }
  | {
      readonly hash: string;
      readonly tests: { readonly count: number; readonly failed: number };
      /** The response of `GET /policy`; `undefined` if the operator's port is not known. */
      readonly running: HttpResponse | Fault | undefined;
    };

/** The only input of the checks. */
export interface Evidence {
  readonly settings: {
    readonly dialect: PusherDialect;
    readonly tls: boolean;
    readonly key: string;
    /** The origin of the page; `undefined` if no other origin is allowed. */
    readonly origin: string | undefined;
    /** Whether `ALLOWED_ORIGINS` allows it. */
    readonly originAllowed: boolean;
    /** Whether `ALLOWED_ORIGINS` names it, instead of `*` or a wildcard. */
    readonly originNamed: boolean;
    readonly usherUrl: string;
    readonly authPath: string;
  };
  /** `undefined` in the demo, which has no Pusher server. */
  readonly server: ServerEvidence | undefined;
  readonly usher: UsherEvidence;
  readonly policy: PolicyEvidence;
  /** `undefined` without a credential. */
  readonly channel: AuthAttempt | undefined;
  readonly signIn: AuthAttempt | undefined;
  readonly now: number;
}

/** The part that a running Usher has without the address of a page. */
export interface ServiceEvidence extends Pick<Evidence, 'server' | 'policy' | 'now'> {
  readonly settings: Pick<Evidence['settings'], 'dialect' | 'tls' | 'key' | 'origin'>;
  readonly usher?: Pick<UsherEvidence, 'refusal'>;
}

import type { PusherDialect } from '../../pusher/pusher-app.ts';

/** Why there was no answer: a code of Node's or of TLS, `http-502`, `pusher-4001`, or `timeout`. */
export interface Fault {
  readonly fault: string;
}

/** How the Pusher server took something; `silent` when it neither took nor refused it in time. */
export type Acceptance = 'accepted' | 'refused' | 'silent';

/** What the Pusher server did with what it was shown; a thing that could not be shown is left out. */
export interface ServerEvidence {
  readonly greeting: { readonly date?: string } | Fault;
  /** A signature of ours over a private channel's name alone. */
  readonly plain?: Acceptance;
  /** One over the name and `channel_data`, which soketi does not take. */
  readonly withData?: Acceptance;
  readonly rest: { readonly status: number; readonly date?: string } | Fault;
}

/** One answer of Usher, or of whatever stands before it. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: Headers;
  /** The body, when it is a JSON object. */
  readonly json?: Readonly<Record<string, unknown>>;
  /** Milliseconds until it was here. */
  readonly tookMs: number;
}

/** What Usher's public address answers a browser. */
export interface UsherEvidence {
  readonly preflight: HttpResponse | Fault;
  /** A channel that nobody may enter, asked for without a credential. */
  readonly refusal: HttpResponse | Fault;
  /** The same with a trailing slash. */
  readonly slash: HttpResponse | Fault;
}

/** A channel that was asked for with a credential, and what the Pusher server made of the answer. */
export interface AuthAttempt {
  readonly response: HttpResponse | Fault;
  readonly acceptance?: Acceptance;
}

/** Everything that was seen; the checks look at this and at nothing else. */
export interface Evidence {
  readonly settings: {
    readonly dialect: PusherDialect;
    readonly tls: boolean;
    readonly key: string;
    /** Where the pages are that ask; `undefined` when none of another origin may. */
    readonly origin: string | undefined;
    /** Whether `ALLOWED_ORIGINS` has it. */
    readonly originAllowed: boolean;
    /** Whether it is there by its name, and not by `*` or a wildcard. */
    readonly originNamed: boolean;
    readonly usherUrl: string;
  };
  /** `undefined` in the demo, which has no Pusher server. */
  readonly server: ServerEvidence | undefined;
  readonly usher: UsherEvidence;
  /** `undefined` without a credential to ask with. */
  readonly channel: AuthAttempt | undefined;
  readonly signIn: AuthAttempt | undefined;
  /** Milliseconds since the epoch when it was seen. */
  readonly now: number;
}

/** True when there was no answer. */
export const isFault = (result: object): result is Fault => 'fault' in result;

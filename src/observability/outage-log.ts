/** Logs when something begins to fail and when it works again, and none of the failed attempts between. */
export interface OutageLog {
  /** An attempt failed; `subject` tells apart what fails independently of each other. */
  readonly failed: (subject: string, about: object) => void;
  readonly succeeded: (subject: string) => void;
}

/** What an outage log needs. */
export interface OutageLogDeps {
  readonly log: {
    readonly info: (about: object, message: string) => void;
    readonly warn: (about: object, message: string) => void;
  };
  /** The message of the first failure, and of the first success after it. */
  readonly messages: { readonly failed: string; readonly succeeded: string };
}

/** Creates an outage log. Repeated attempts would fill the log with one line each. */
export function createOutageLog({ log, messages }: OutageLogDeps): OutageLog {
  const failingSubjects = new Set<string>();
  return {
    failed: (subject, about) => {
      if (failingSubjects.has(subject)) return;
      failingSubjects.add(subject);
      log.warn({ subject, ...about }, messages.failed);
    },
    succeeded: (subject) => {
      if (failingSubjects.delete(subject)) log.info({ subject }, messages.succeeded);
    },
  };
}

/** The message of an error's cause, or its own where it has none; on one line, without a stack. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

/** Logs the start and the end of an outage, but not each failed attempt, which would fill the log. */
export interface OutageLog {
  /** Reports a failed attempt. Outages of different subjects are independent. */
  readonly failed: (subject: string, about: object) => void;
  readonly succeeded: (subject: string) => void;
}

export interface OutageLogDeps {
  readonly log: {
    readonly info: (about: object, message: string) => void;
    readonly warn: (about: object, message: string) => void;
  };
  /** The messages of the first failure and of the first success after it. */
  readonly messages: { readonly failed: string; readonly succeeded: string };
}

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

/** The message of the cause, or of the error itself; one line without a stack. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

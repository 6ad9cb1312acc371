import { inspect } from 'node:util';

const redacted = '[secret]';

/** A text that must not be printed. Logs, JSON, templates and errors show `[secret]`. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** Returns the text. Call it only where the text is used, and do not store the result. */
  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return redacted;
  }

  toJSON(): string {
    return redacted;
  }

  [inspect.custom](): string {
    return redacted;
  }
}

/** The URL of a server. Its text is replaced while connections are open, for example when a password changes. */
export class RenewableSecret extends Secret {
  #text: string;

  constructor(text: string) {
    super(text);
    this.#text = text;
  }

  override reveal(): string {
    return this.#text;
  }

  renew(text: string): void {
    this.#text = text;
  }
}

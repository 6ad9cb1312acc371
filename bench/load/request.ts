/** What a right answer to a request must hold. */
export interface Expected {
  readonly status: number;
  /** The status of the same answer beyond a limit, where it may be that. */
  readonly limited?: number;
  readonly socketId: string;
  /** Every channel that must come signed; none when the request is to be refused. */
  readonly channels: readonly string[];
}

/** A request as it goes over the wire, made before anything is measured. */
export interface PreparedRequest {
  readonly bytes: Buffer;
  readonly expected: Expected;
}

/** A field of a form. */
export type Field = [name: string, value: string];

/** The parts of a request that differ. */
export interface RequestParts {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form: readonly Field[];
}

/** Writes a form's POST as a browser sends it. */
export function serialise({ path, headers = {}, form }: RequestParts): Buffer {
  const body = new URLSearchParams([...form]).toString();
  const lines = [
    `POST ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
    'Accept: */*',
    'Origin: https://app.example',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

/** What a right answer to a request must hold. */
export interface Expected {
  readonly status: number;
  /** The status of the same answer beyond a limit, where it may be that. */
  readonly limited?: number;
  readonly socketId: string;
  /** Every channel that must come signed; none when the request is to be refused. */
  readonly channels: readonly string[];
  /** Channels that an answer must list, where a list is asked for: nothing in it is signed. */
  readonly listed?: readonly string[];
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
  /** Without one it is a GET. */
  readonly form?: readonly Field[];
}

/** Writes a form's POST, or a GET, as a browser sends it. */
export function serialise({ path, headers = {}, form }: RequestParts): Buffer {
  const body = form === undefined ? '' : new URLSearchParams([...form]).toString();
  const lines = [
    `${form === undefined ? 'GET' : 'POST'} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36',
    'Accept: */*',
    'Origin: https://app.example',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(form === undefined
      ? []
      : [
          'Content-Type: application/x-www-form-urlencoded',
          `Content-Length: ${Buffer.byteLength(body)}`,
        ]),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

/** The expected response to a request. */
export interface Expected {
  readonly status: number;
  /** Also accepted: the status of the same request over a rate limit. */
  readonly limited?: number;
  readonly socketId: string;
  /** Channels that must have a signature; empty if the request must be refused. */
  readonly channels: readonly string[];
  /** Channels that the response to a list request must contain, without signatures. */
  readonly listed?: readonly string[];
}

/** A serialized request, prepared before the measurement. */
export interface PreparedRequest {
  readonly bytes: Buffer;
  readonly expected: Expected;
}

/** A form field. */
export type Field = [name: string, value: string];

/** The parts of a request that vary. */
export interface RequestParts {
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Fields of a POST. Without a form the request is a GET. */
  readonly form?: readonly Field[];
}

/** Serializes a request with the headers of a browser. */
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

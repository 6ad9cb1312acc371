// The token is kept here only: not in storage, in an address or in the document.
let token;

export const setToken = (given) => {
  token = given;
};

export const hasToken = () => token !== undefined;

/** A response that is not a success, or `status` 0 if there was none. */
export class RequestError extends Error {
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/** Sends a request to the operator's port. Throws `RequestError`. */
export async function send(path, { body, signal, accept = 'application/json' } = {}) {
  const headers = { accept };
  if (token !== undefined) headers.authorization = `Bearer ${token}`;
  if (body !== undefined) headers['content-type'] = 'application/json';
  const response = await fetch(path, {
    method: body === undefined ? 'GET' : 'POST',
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
  }).catch((error) => {
    if (signal?.aborted) throw error;
    throw new RequestError(0, 'Usher does not respond');
  });
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  throw new RequestError(response.status, problem.message ?? response.statusText, problem);
}

/** The body of a response. Throws `RequestError`. */
export async function getJson(path, options) {
  return (await send(path, options)).json();
}

/** Posts a body, and returns that of the response. Throws `RequestError`. */
export async function postJson(path, body, signal) {
  return (await send(path, { body, signal })).json();
}

/** A path with a query of the values that are not empty. */
export function withQuery(path, values) {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

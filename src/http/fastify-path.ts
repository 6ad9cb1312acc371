/** `/api/{tenant}/auth` of a policy as Fastify's `/api/:tenant/auth`. A colon in the path is written twice. */
export function fastifyPath(path: string): string {
  return path.replaceAll(':', '::').replace(/\{([^}]*)\}/g, ':$1');
}

/** Replaces each `{name}` of a policy's path by the percent-encoded value of the parameter. */
export function fillPath(path: string, values: Readonly<Record<string, string>>): string {
  return fillNames(path, (name) => encodeURIComponent(values[name] ?? ''));
}

/** Replaces each `{name}` of a text by its value, which is not encoded. */
export function fillNames(text: string, valueOf: (name: string) => string): string {
  return text.replace(/\{([^}]*)\}/g, (_whole, name: string) => valueOf(name));
}

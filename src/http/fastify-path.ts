/** `/api/{tenant}/auth` of a policy as Fastify's `/api/:tenant/auth`. A colon in the path is written twice. */
export function fastifyPath(path: string): string {
  return path.replaceAll(':', '::').replace(/\{([^}]*)\}/g, ':$1');
}

/** Replaces each `{name}` of a policy's path by the percent-encoded value of the parameter. */
export function fillPath(path: string, values: Readonly<Record<string, string>>): string {
  return path.replace(/\{([^}]*)\}/g, (_whole, name: string) =>
    encodeURIComponent(values[name] ?? ''),
  );
}

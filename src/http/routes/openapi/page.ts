import type { Operation } from '../../openapi/operation.ts';

/** The parts of the OpenAPI document that the page shows. */
interface ShownDocument {
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

type ShownOperation = Omit<Operation, 'parameters'> & {
  readonly parameters: readonly object[];
};

/** The page loads no resources and runs no scripts. It needs inline styles. */
export const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'";

const style =
  'body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}' +
  'pre{overflow:auto;background:#8881;padding:.5rem}h3 code{font-size:1.1em}td{vertical-align:top;padding-right:1rem}';

/** Renders the document as an HTML page. */
export function docsPage({ info, paths }: ShownDocument): string {
  const operations = Object.entries(paths).flatMap(([path, { servers, ...methods }]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      port: servers === undefined ? 'public port' : 'operator’s port',
      operation: operation as ShownOperation,
    })),
  );
  const parts = operations.map(
    ({ name, port, operation }) => `<section><h3><code>${text(name)}</code></h3>
<p><b>${text(operation.summary)}</b> (${port})</p>
${paragraphs(operation.description ?? '')}${parametersOf(operation)}${requestOf(operation)}${responsesOf(operation)}</section>`,
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${text(info.title)} ${text(info.version)}</title>
<style>${style}</style><h1>${text(info.title)} ${text(info.version)}</h1>
${paragraphs(info.description)}
<p>As a program reads it: <code>curl -H 'Accept: application/json' …/docs</code></p>
${parts.join('\n')}</html>`;
}

function parametersOf({ parameters }: ShownOperation): string {
  const names = parameters.map((each) =>
    '$ref' in each ? String(each.$ref).split('/').at(-1) : (each as { name: string }).name,
  );
  return names.length === 0
    ? ''
    : `<p>Parameters: ${names.map((name = '') => `<code>${text(name)}</code>`).join(', ')}</p>`;
}

function requestOf({ requestBody }: ShownOperation): string {
  const types = Object.entries(requestBody?.content ?? {});
  const [example] = Object.values(types[0]?.[1].examples ?? {});
  if (example === undefined) return '';
  return `<p>Body: ${types.map(([type]) => text(type)).join(' or ')}</p>${code(example.value)}`;
}

function responsesOf({ responses }: ShownOperation): string {
  const rows = Object.entries(responses).map(([status, { description, content }]) => {
    const examples = Object.values(content ?? {}).flatMap((media) =>
      Object.entries(media.examples ?? {}),
    );
    const shown = examples.map(
      ([name, { value }]) => `<dt>${text(name)}</dt><dd>${code(value)}</dd>`,
    );
    return `<details><summary>${text(status)}: ${text(description)}</summary><dl>${shown.join('')}</dl></details>`;
  });
  return rows.join('');
}

const code = (value: unknown): string =>
  `<pre>${text(typeof value === 'string' ? value : JSON.stringify(value, null, 2))}</pre>`;

const paragraphs = (about: string): string =>
  about === ''
    ? ''
    : about
        .split('\n\n')
        .map((each) => `<p>${text(each)}</p>`)
        .join('');

function text(value: string): string {
  return value.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

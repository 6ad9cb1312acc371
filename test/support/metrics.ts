/** The value of a metric with exactly these labels, in Prometheus's text; `undefined` if there is none. */
export function metric(text: string, name: string, labels = ''): number | undefined {
  const start = `${name}${labels === '' ? '' : `{${labels}}`} `;
  const line = text.split('\n').find((each) => each.startsWith(start));
  return line === undefined ? undefined : Number(line.slice(start.length));
}

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const textOf = (file: string) =>
  readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');

/** test/e2e/introspection.test.ts runs these files in a real Laravel and a real Django. */
it.each([
  ['php', 'examples/introspection/UsherSession.php'],
  ['python', 'examples/introspection/usher_session.py'],
])('docs/session-introspection.md contains the tested route of %s', (language, file) => {
  const page = textOf('docs/session-introspection.md');
  const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)];
  const [, , code] = blocks.find(([, name]) => name === language) ?? [];
  expect(code).toBe(textOf(file));
});

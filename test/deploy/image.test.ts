import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const textOf = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');

/** The directories that `dist/` reads at run time, beside itself. */
it.each(['prisma/migrations', 'policies'])('the image has %s', (directory) => {
  const [, image = ''] = textOf('Dockerfile').split(' AS usher-slim\n');
  expect(image.split('\n')).toContain(`COPY ${directory} ${directory}`);
  const allowed = textOf('.dockerignore').split('\n');
  expect(allowed).toContain(`!${directory.split('/')[0]}`);
});

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const textOf = (path: string) =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const dockerfile = textOf('Dockerfile');

/** The directories that `dist/` reads at run time, except itself. */
it.each(['prisma/migrations', 'policies', 'pages'])('the image has %s', (directory) => {
  const [, image = ''] = dockerfile.split(' AS usher-slim\n');
  expect(image.split('\n')).toContain(`COPY ${directory} ${directory}`);
});

it('the build context contains each file that the Dockerfile copies', () => {
  const allowed = new Set(textOf('.dockerignore').split('\n'));
  const copied = [...dockerfile.matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, paths = '']) =>
    paths.split(' '),
  );
  expect(copied).toContain('src');
  expect(copied.filter((path) => !isBelow(path, allowed))).toStrictEqual([]);
});

function isBelow(path: string, allowed: ReadonlySet<string>): boolean {
  return allowed.has(`!${path}`) || allowed.has(`!${path.split('/')[0]!}`);
}

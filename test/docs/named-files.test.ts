import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const project = fileURLToPath(new URL('../..', import.meta.url));

const pages = ['', 'docs', 'docs/decisions', 'test'].flatMap((folder) =>
  readdirSync(join(project, folder))
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file)),
);

const textOf = (page: string) => readFileSync(join(project, page), 'utf8');
const proseOf = (page: string) => textOf(page).replace(/^```.*?^```$/gms, '');

/** The anchor that GitHub generates for a heading. */
const anchorOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(' ', '-');

const anchorsOf = (page: string) =>
  [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

describe('links', () => {
  it.each(pages)('of %s have existing targets', (page) => {
    const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)];
    const inside = links.map(([, link = '']) => link).filter((link) => !link.startsWith('http'));
    const dead = inside.filter((link) => {
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(project, target))) return true;
      return anchor !== undefined && !anchorsOf(target).includes(anchor);
    });
    expect(dead).toEqual([]);
  });
});

/** Paths between backticks; `<time>` and the like are placeholders. */
const pathsIn = (text: string) =>
  [
    ...text.matchAll(
      /`((?:src|test|docs|deploy|bench|e2e|prisma|policies|examples|\.ci)\/[^`\s<]*)`/g,
    ),
  ].map(([, path = '']) => path);

/** ARCHITECTURE.md names the files of a request from `src` on. */
const roomsIn = (text: string) =>
  [
    ...text.matchAll(/(?<![\w/.-])(?:[a-z-]+\/)+[a-z-]+\.ts\b/g),
    ...text.matchAll(/(?<=`)[a-z-]+\.ts(?=`)/g),
  ]
    .map(([path]) => path)
    .filter((path) => !path.startsWith('test/'));

const missing = (paths: readonly string[]) =>
  paths.filter((path) => !existsSync(join(project, path)));

describe('files', () => {
  it('named in CONTRIBUTING.md exist', () => {
    const named = pathsIn(textOf('CONTRIBUTING.md'));
    expect(named.length).toBeGreaterThan(15);
    expect(missing(named)).toEqual([]);
  });

  it.each(['channel', 'credential kind', 'route', 'limit', 'metric', 'setting', 'cache'])(
    'of a %s are named in CONTRIBUTING.md',
    (kind) => {
      const row = new RegExp(`^\\| an? ${kind} +\\|.*$`, 'm').exec(textOf('CONTRIBUTING.md'));
      expect(pathsIn(row?.[0] ?? '')).not.toEqual([]);
    },
  );

  it('named in ARCHITECTURE.md exist', () => {
    const text = textOf('docs/ARCHITECTURE.md');
    const named = [...pathsIn(text), ...roomsIn(text).map((path) => `src/${path}`)];
    expect(named.length).toBeGreaterThan(6);
    expect(missing(named)).toEqual([]);
  });

  const others = pages.filter(
    (page) => !['CONTRIBUTING.md', 'docs/ARCHITECTURE.md'].includes(page),
  );

  it.each(others)('named in %s exist', (page) => {
    // The benchmark creates its results folder.
    expect(missing(pathsIn(textOf(page)).filter((path) => !path.endsWith('/')))).toEqual([]);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('../../docs/decisions', import.meta.url));
const files = readdirSync(folder).filter((file) => file !== 'README.md');

it('every decision has a unique number, in its name and in its title', () => {
  const numbers = files.map((file) => file.slice(0, 4));
  expect(new Set(numbers).size).toBe(files.length);
  const titles = files.map((file) => readFileSync(join(folder, file), 'utf8').slice(0, 8));
  expect(titles).toEqual(numbers.map((number) => `# ${number}: `));
});

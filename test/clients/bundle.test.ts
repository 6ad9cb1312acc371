import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { bundle, version } from '../../clients/js/bundle.mjs';

it('src/http/routes/client/generated/bundle.ts has the script that clients/js builds', async () => {
  const script = await bundle('script.ts', 'iife');
  const file = `// Generated from clients/js: npx vitest run test/clients --update
export const version = ${JSON.stringify(version)};
export const script = ${JSON.stringify(script)};
`;
  await expect(file).toMatchFileSnapshot('../../src/http/routes/client/generated/bundle.ts');
});

it.each([
  ['module', 'index.ts', 'esm'],
  ['script', 'script.ts', 'iife'],
] as const)(
  'the %s has at most 3 KB when compressed, and no import',
  async (_kind, entry, format) => {
    const code = await bundle(entry, format);
    const bytes = gzipSync(code, { level: 9 }).length;
    console.log(`${format}: ${code.length} bytes, compressed ${bytes}`);
    expect(bytes).toBeLessThanOrEqual(3_000);
    expect(code).not.toMatch(/\bimport\b|\brequire\b/);
  },
);

// Bundles Usher and its packages into a directory. An installation then needs no package but the embedded PostgreSQL, which is
// optional, and a start reads a few files in place of a thousand.
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import standalone from 'ajv/dist/standalone/index.js';
import { build, type Plugin } from 'esbuild';
import { createCompiler, validatorNames } from '../src/policy/yaml/validators.ts';
import { thirdPartyLicenses } from './licenses.ts';

/** Replaces the compiler of the schemas with the compiled validators. */
const compiledValidators: Plugin = {
  name: 'compiled validators',
  setup(building) {
    building.onLoad({ filter: /[\\/]policy[\\/]yaml[\\/]validators\.ts$/ }, ({ path }) => ({
      contents: compileValidators(),
      resolveDir: dirname(path),
    }));
  },
};

function compileValidators(): string {
  const names = Object.fromEntries(validatorNames.map((name, i) => [`validator${i}`, name]));
  const code = standalone.default(createCompiler({ source: true, esm: true }), names);
  const table = validatorNames.map((name, i) => `${JSON.stringify(name)}: validator${i}`);
  return `${code}
const validators = { ${table.join()} };
export const validatorOf = (name) => validators[name];
`;
}

const [outdir = 'dist'] = process.argv.slice(2);
const { metafile } = await build({
  entryPoints: ['src/main.ts', 'src/cli/main.ts', 'src/library.ts', 'src/policy/modules/index.ts'],
  outdir,
  outbase: 'src',
  bundle: true,
  // Dynamically imported modules are in separate files, which are loaded when they are needed.
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node20',
  // Names stay, for stack traces and profiles. Not by `keepNames`, which takes a tenth of the time of a decision.
  minifyWhitespace: true,
  minifySyntax: true,
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  metafile: true,
  plugins: [compiledValidators],
  alias: {
    // The class of this package would be renamed, since Usher uses that of Node.js. `node-fetch` takes only a signal whose class has
    // the name AbortSignal.
    'abort-controller': './deploy/abort-controller.ts',
    // The other entry looks for Babel beside itself.
    jiti: 'jiti/static',
    // `node-fetch` prefers the class of Node.js to that of this package, whose tables are a tenth of the bundle.
    'whatwg-url': 'node:url',
  },
  external: [
    // Optional packages that are not installed.
    ...['pg-native', 'bufferutil', 'utf-8-validate'],
    // Fastify loads them unless it gets other compilers, as it does here.
    ...['@fastify/ajv-compiler', '@fastify/fast-json-stringify-compiler'],
  ],
  // `pg` looks for it first. In Node.js 20, which has none, it would then load `fetch` at every start.
  define: { navigator: '{"userAgent":"Node.js"}' },
  // Variables that CommonJS packages use.
  banner: {
    js: "import{createRequire as createRequireOfNode}from'node:module';const require=createRequireOfNode(import.meta.url),__dirname=import.meta.dirname;",
  },
  logLevel: 'warning',
});
const licenses = thirdPartyLicenses(Object.keys(metafile.inputs));
writeFileSync(join(outdir, 'THIRD-PARTY-LICENSES'), licenses);
// Source maps of packages alone would be a sixth of the files.
for (const [file, { inputs }] of Object.entries(metafile.outputs)) {
  const isOurs = Object.keys(inputs).some((input) => input.startsWith('src/'));
  if (file.endsWith('.js') && !isOurs) rmSync(`${file}.map`);
}

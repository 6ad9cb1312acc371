#!/usr/bin/env bash
# laravel-echo 2.5.0: package.json offers a CommonJS build for `require`, in `dist/echo.common.js`, and declares `"type": "module"`.
# Node.js therefore reads that file as an ES module, in which `exports` does not exist: `require('laravel-echo')` throws. `import`
# works. Bundlers take the `import` entry; server-side rendering and test runners that load CommonJS fail.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages laravel-echo@2.5.0 pusher-js@8.6.0

cat >load.mjs <<'JS'
import { createRequire } from 'node:module';

const required = () => {
  try {
    return typeof createRequire(import.meta.url)('laravel-echo').default;
  } catch (error) {
    return error.name;
  }
};
const { default: Echo } = await import('laravel-echo');
console.log(`require: ${required()}; import: ${typeof Echo}`);
JS

expect 'loading the package in Node.js' 'require: ReferenceError; import: function' "$(node load.mjs)"

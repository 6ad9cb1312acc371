#!/usr/bin/env bash
# pusher-js 8.6.0 in an ES module, with TypeScript 6.0.3 and `"module": "nodenext"`: `new Pusher()` of the default import runs, and does not
# compile. `new Pusher.default()` compiles, and does not run. Its types have an ES module's `export default`, and its file is a
# CommonJS module whose exports are the class. With `"moduleResolution": "bundler"`, `new Pusher()` compiles.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pusher-js@8.6.0 typescript@6.0.3

# Compiles and runs a page that creates its client with this expression.
page() {
  local kept=(--target es2022 --lib es2022,dom --skipLibCheck) compiled=yes ran=yes
  printf "import Pusher from 'pusher-js';\nnew %s('key', { cluster: 'mt1', enabledTransports: [] }).disconnect();\n" "$1" >page.mts
  node_modules/.bin/tsc "${kept[@]}" --noEmit "${@:2}" page.mts >errors || compiled=$(grep -om1 'TS[0-9]*' errors)
  cp page.mts page.mjs
  node page.mjs 2>errors || ran=$(grep -om1 '^TypeError' errors)
  echo "compiles: $compiled, runs: $ran"
}
expect 'new Pusher(), nodenext' 'compiles: TS2351, runs: yes' "$(page Pusher --module nodenext)"
expect 'new Pusher.default(), nodenext' 'compiles: yes, runs: TypeError' "$(page Pusher.default --module nodenext)"
expect 'new Pusher(), bundler' 'compiles: yes, runs: yes' "$(page Pusher --module esnext --moduleResolution bundler)"

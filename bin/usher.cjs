#!/usr/bin/env node
'use strict';
// Starts the built Usher, or says why that is not possible here. In syntax that an old Node.js reads.
var existsSync = require('fs').existsSync;
var resolve = require('path').resolve;
var pathToFileURL = require('url').pathToFileURL;
var refuseNodeVersion = require('./node-version.cjs');

var program = resolve(__dirname, '../dist/cli/main.js');
var refusal = refuseNodeVersion(process.versions.node);
if (refusal === undefined && !existsSync(program)) {
  refusal =
    'Usher is not built. "npm ci" builds it when the development dependencies are not left out (--omit=dev, NODE_ENV=production).';
}

if (refusal === undefined) {
  import(pathToFileURL(program).href);
} else {
  console.error(refusal);
  process.exitCode = 1;
}

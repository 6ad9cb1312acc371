#!/usr/bin/env bash
# @marcbachmann/cel-js 8.0.0, @bufbuild/cel 0.6.1 and cel-js 0.8.2: the same valid expression has different results in three CEL libraries for
# JavaScript. cel-js has only the doubles of JavaScript: 7 / 2 is 3.5, and two neighbouring ids above 2^53 are equal. A comparison of an int with a
# double is an error in the first library and true in the others. cel-js evaluates both sides of `||`, so an error on one side is an error.
# `int('0x10')` is 16 in @bufbuild/cel and an error in the others.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages @marcbachmann/cel-js@8.0.0 @bufbuild/cel@0.6.1 @bufbuild/protobuf@2.17.0 cel-js@0.8.2

cat >evaluate.mjs <<'JS'
import { run } from '@bufbuild/cel';
import { evaluate as marcbachmann } from '@marcbachmann/cel-js';
import { evaluate as celJs } from 'cel-js';

const result = (evaluate) => {
  try {
    const value = evaluate(process.argv[2]);
    return typeof value === 'bigint' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : 'error';
  } catch {
    return 'error';
  }
};
console.log([marcbachmann, run, celJs].map(result).join(', '));
JS

echo '@marcbachmann/cel-js, @bufbuild/cel, cel-js:'
expect '7 / 2' '3, 3, 3.5' "$(node evaluate.mjs '7 / 2')"
expect '9007199254740993 == 9007199254740992' 'false, false, true' "$(node evaluate.mjs '9007199254740993 == 9007199254740992')"
expect '1 == 1.0' 'error, true, true' "$(node evaluate.mjs '1 == 1.0')"
expect 'true || 1 / 0 == 1' 'true, true, error' "$(node evaluate.mjs 'true || 1 / 0 == 1')"
expect '1 / 0 == 1 || true' 'true, true, error' "$(node evaluate.mjs '1 / 0 == 1 || true')"
expect "int('0x10')" 'error, 16, error' "$(node evaluate.mjs "int('0x10')")"

#!/usr/bin/env bash
# pg 8.23.1 (npm) does not reject a libpq URL with several hosts, which psql uses for failover. Without ports it resolves the list
# as one host name, so the first error is ENOTFOUND when the application connects. With ports the error is "Invalid URL".
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pg@8.23.1

cat >ask.cjs <<'JS'
const { parse } = require('pg-connection-string');
try {
  console.log(parse(process.argv[2]).host);
} catch (error) {
  console.log(error.code);
}
JS

expect 'postgres://app@one,two/app' 'one,two' "$(node ask.cjs 'postgres://app@one,two/app')"
expect 'postgres://app@one:5432,two:5432/app' ERR_INVALID_URL "$(node ask.cjs 'postgres://app@one:5432,two:5432/app')"

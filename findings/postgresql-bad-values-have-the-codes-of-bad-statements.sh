#!/usr/bin/env bash
# PostgreSQL 15.20: a parameter that is no value of `ltree` fails with SQLSTATE 42601, the code of a statement with a wrong syntax, and one that a
# domain refuses with 23514, the code of a row that breaks a constraint, although nothing is written. Other types have codes of class 22
# (data exception). So a client cannot tell a bad id from a bad query by the class of the code; the context names the parameter in all cases.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages pg@8.23.1
start_postgres

sql postgres -c "CREATE EXTENSION ltree; CREATE DOMAIN code AS text CHECK (VALUE ~ '^[A-Z]+\$')"

cat >codes.cjs <<'JS'
const { Client } = require('pg');
(async () => {
  const client = new Client({ connectionString: `postgres://postgres@127.0.0.1:${process.argv[2]}/postgres` });
  await client.connect();
  for (const type of ['int', 'uuid', 'ltree', 'code']) {
    const { code, where } = await client.query(`SELECT $1::${type}`, ['a b']).then(
      () => ({ code: 'no error' }),
      (error) => error,
    );
    console.log(`${code} ${/parameter \$1/.test(where) ? 'of $1' : ''}`);
  }
  await client.end();
})();
JS

node codes.cjs "$server" >result
expect 'integer' '22P02 of $1' "$(sed -n 1p result)"
expect 'uuid' '22P02 of $1' "$(sed -n 2p result)"
expect 'ltree' '42601 of $1' "$(sed -n 3p result)"
expect 'domain' '23514 of $1' "$(sed -n 4p result)"

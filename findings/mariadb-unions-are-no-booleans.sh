#!/usr/bin/env bash
# MariaDB 10.11 (Debian 12) with mysql2 3.24.6: a BOOLEAN is a TINYINT(1), by which drivers know it, but only in a plain SELECT. In a UNION
# of a query with itself it is a TINYINT(4), so the usual `typeCast` returns 1 in place of true. A condition such as `id = 1` is an INT of
# the length 1, `TRUE` one of the length 5, and `IF(paid, TRUE, FALSE)` one of 6.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages mysql2@3.24.6
start_mariadb

cat >read.cjs <<'JS'
const mysql = require('mysql2/promise');
(async () => {
  const connection = await mysql.createConnection({
    ...{ host: '127.0.0.1', port: Number(process.argv[2]), user: 'root', database: 'test' },
    typeCast: (field, next) => (field.type === 'TINY' && field.length === 1 ? field.string() === '1' : next()),
  });
  for (const expression of ['paid', 'id = 1', 'TRUE', 'IF(paid, TRUE, FALSE)']) {
    const query = `SELECT ${expression} AS v FROM orders`;
    const described = [];
    for (const text of [query, `${query} UNION ALL ${query}`]) {
      const [[{ v }], [{ columnType, columnLength }]] = await connection.query(text);
      described.push(`${mysql.Types[columnType]} ${columnLength} ${v}`);
    }
    console.log(described.join(', in a union '));
  }
  await connection.end();
})();
JS

mariadb_sql 'SELECT VERSION(); CREATE DATABASE test; CREATE TABLE test.orders (id INT PRIMARY KEY, paid BOOLEAN); INSERT INTO test.orders VALUES (1, TRUE)'
node read.cjs "$mariadb" >result
expect 'a BOOLEAN' 'TINY 1 true, in a union TINY 4 1' "$(sed -n 1p result)"
expect 'a condition' 'LONG 1 1, in a union LONG 2 1' "$(sed -n 2p result)"
expect 'TRUE' 'LONG 5 1, in a union LONG 6 1' "$(sed -n 3p result)"
expect 'IF(paid, TRUE, FALSE)' 'LONG 6 1, in a union LONG 6 1' "$(sed -n 4p result)"

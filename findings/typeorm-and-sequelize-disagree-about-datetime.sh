#!/usr/bin/env bash
# TypeORM 1.1.1 and Sequelize 6.37.8 with mysql2 3.24.6 and MariaDB 10.11: TypeORM writes a Date to a DATETIME column in the zone of its
# process, and Sequelize in UTC. Each reads its own values correctly. Two services with one table, outside UTC, take the ends
# of each other's sessions and tokens for hours earlier or later.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages typeorm@1.1.1 sequelize@6.37.8 mysql2@3.24.6
start_mariadb
mariadb_sql 'CREATE DATABASE app; CREATE TABLE app.tokens (id varchar(20) PRIMARY KEY, expires_at datetime)'

cat >write.mjs <<'JS'
import { DataTypes, Sequelize } from 'sequelize';
import { DataSource, EntitySchema } from 'typeorm';

const url = `mysql://root@127.0.0.1:${process.argv[2]}/app`;
const expiresAt = new Date('2030-01-01T12:00:00Z');
const sequelize = new Sequelize(url, { logging: false });
const columns = { id: { type: DataTypes.STRING, primaryKey: true }, expires_at: DataTypes.DATE };
const Token = sequelize.define('Token', columns, { tableName: 'tokens', timestamps: false });
const tokens = new EntitySchema({
  name: 'tokens', columns: { id: { type: 'varchar', primary: true }, expires_at: { type: 'datetime' } },
});
const source = await new DataSource({ type: 'mysql', url, entities: [tokens] }).initialize();
await Token.create({ id: 'sequelize', expires_at: expiresAt });
await source.getRepository('tokens').insert({ id: 'typeorm', expires_at: expiresAt });
const found = await Token.findByPk('typeorm');
const other = await source.getRepository('tokens').findOneBy({ id: 'sequelize' });
console.log(found.expires_at.toISOString());
console.log(other.expires_at.toISOString());
await source.destroy();
await sequelize.close();
JS
TZ=America/New_York node write.mjs "$mariadb" >result
stored() { mariadb_sql "SELECT expires_at FROM app.tokens WHERE id = '$1'"; }
expect '12:00 UTC in New York, as TypeORM stores it' '2030-01-01 07:00:00' "$(stored typeorm)"
expect 'as Sequelize stores it' '2030-01-01 12:00:00' "$(stored sequelize)"
expect 'the time of TypeORM, read with Sequelize' '2030-01-01T07:00:00.000Z' "$(sed -n 1p result)"
expect 'the time of Sequelize, read with TypeORM' '2030-01-01T17:00:00.000Z' "$(sed -n 2p result)"

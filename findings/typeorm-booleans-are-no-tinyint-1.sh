#!/usr/bin/env bash
# TypeORM 1.1.1 and Sequelize 6.37.8 with mysql2 3.24.6 and MariaDB 10.11: TypeORM creates a column of the type `boolean` as TINYINT without a
# width, which MariaDB and drivers report as TINYINT(4). BOOLEAN of the server, and of Sequelize, is TINYINT(1). A program that takes
# TINYINT(1) for a boolean, as the usual `typeCast` of mysql2 does, reads numbers from the tables of TypeORM.
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
npm_packages typeorm@1.1.1 sequelize@6.37.8 mysql2@3.24.6
start_mariadb
mariadb_sql 'CREATE DATABASE app; CREATE TABLE app.plain (id int PRIMARY KEY, archived BOOLEAN); INSERT INTO app.plain VALUES (1, TRUE)'

cat >read.mjs <<'JS'
import mysql from 'mysql2/promise';
import { DataTypes, Sequelize } from 'sequelize';
import { DataSource, EntitySchema } from 'typeorm';

const url = `mysql://root@127.0.0.1:${process.argv[2]}/app`;
const id = { type: 'int', primary: true };
const orders = new EntitySchema({ name: 'by_typeorm', columns: { id, archived: { type: 'boolean' } } });
const source = await new DataSource({ type: 'mariadb', url, entities: [orders], synchronize: true }).initialize();
await source.getRepository('by_typeorm').insert({ id: 1, archived: true });
const own = await source.getRepository('by_typeorm').findOneBy({ id: 1 });
await source.destroy();

const sequelize = new Sequelize(url, { logging: false });
const columns = { id: { type: DataTypes.INTEGER, primaryKey: true }, archived: DataTypes.BOOLEAN };
const Order = sequelize.define('Order', columns, { tableName: 'by_sequelize', timestamps: false });
await Order.sync();
await Order.create({ id: 1, archived: true });
await sequelize.close();

const typeCast = (field, next) =>
  field.type === 'TINY' && field.length === 1 ? field.string() === '1' : next();
const connection = await mysql.createConnection({ uri: url, typeCast });
const read = async (table) => (await connection.query(`SELECT archived FROM ${table}`))[0][0].archived;
console.log(own.archived);
for (const table of ['by_typeorm', 'by_sequelize', 'plain']) console.log(await read(table));
await connection.end();
JS
node read.mjs "$mariadb" >result
typeof() { mariadb_sql "SELECT column_type FROM information_schema.columns WHERE table_name = '$1' AND column_name = 'archived'"; }
expect 'the type of a boolean of TypeORM' 'tinyint(4)' "$(typeof by_typeorm)"
expect 'of Sequelize' 'tinyint(1)' "$(typeof by_sequelize)"
expect 'of BOOLEAN in SQL' 'tinyint(1)' "$(typeof plain)"
expect 'the value, read by TypeORM' 'true' "$(sed -n 1p result)"
expect 'the value of TypeORM, read by mysql2 with a typeCast for TINYINT(1)' '1' "$(sed -n 2p result)"
expect 'that of Sequelize' 'true' "$(sed -n 3p result)"
expect 'that of SQL' 'true' "$(sed -n 4p result)"

import type { Dependencies } from '../observability/dependencies.ts';
import type { Storage } from './storage.ts';
import type { Terminate } from '../pusher/terminate.ts';
import type { Database } from '../database/client.ts';
import type { HostDatabase } from '../database/host/host-database.ts';
import type { Redis } from '../redis/client.ts';

type Watch = Pick<Dependencies, 'watch'>;

/** The same storage; whether it answers is noted. */
export function watchStorage(storage: Storage, dependencies: Watch): Storage {
  const { database, redis } = storage;
  return {
    ...storage,
    database: watchDatabase(database, dependencies),
    redis: redis && watchRedis(redis, dependencies),
  };
}

/** The same database of a host; whether it answers is noted. */
export function watchHost(host: HostDatabase, { watch }: Watch): HostDatabase {
  const { noted } = watch('host database');
  return { ...host, findRow: (query, parameters) => noted(() => host.findRow(query, parameters)) };
}

/** The same; whether the Pusher servers do as they are asked is noted. */
export function watchTerminate(terminate: Terminate, { watch }: Watch): Terminate {
  const { noted } = watch('Pusher server');
  return (user) => noted(() => terminate(user));
}

function watchDatabase(database: Database, { watch }: Watch): Database {
  const { noted } = watch('database');
  return {
    ...database,
    ask: (query) => noted(() => database.ask(query)),
    run: (statement) => noted(() => database.run(statement)),
    ping: () => noted(database.ping),
  };
}

function watchRedis(redis: Redis, { watch }: Watch): Redis {
  const { noted } = watch('redis');
  return {
    ...redis,
    ask: (commands) => noted(() => redis.ask(commands)),
  };
}

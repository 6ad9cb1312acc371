import type { Dependencies } from '../observability/dependencies.ts';
import type { Storage } from './storage.ts';
import type { Terminate } from '../pusher/terminate.ts';
import type { Database } from '../database/client.ts';
import type { HostDatabase } from '../database/host/host-database.ts';
import type { Redis } from '../redis/client.ts';

type DependencyMonitor = Pick<Dependencies, 'watch'>;

/** The same storage; whether it answers is noted. */
export function watchStorage(storage: Storage, dependencies: DependencyMonitor): Storage {
  const { database, redis } = storage;
  return {
    ...storage,
    database: watchDatabase(database, dependencies),
    redis: redis && watchRedis(redis, dependencies),
  };
}

/** The same database of a host; whether it answers is noted. */
export function watchHost(host: HostDatabase, { watch }: DependencyMonitor): HostDatabase {
  const { observe } = watch('host database');
  return {
    ...host,
    findRow: (query, parameters) => observe(() => host.findRow(query, parameters)),
  };
}

/** The same; whether the Pusher servers do as they are asked is noted. */
export function watchTerminate(terminate: Terminate, { watch }: DependencyMonitor): Terminate {
  const { observe } = watch('Pusher server');
  return (user) => observe(() => terminate(user));
}

function watchDatabase(database: Database, { watch }: DependencyMonitor): Database {
  const { observe } = watch('database');
  return {
    ...database,
    query: (query) => observe(() => database.query(query)),
    execute: (statement) => observe(() => database.execute(statement)),
    ping: () => observe(database.ping),
  };
}

function watchRedis(redis: Redis, { watch }: DependencyMonitor): Redis {
  const { observe } = watch('redis');
  return {
    ...redis,
    run: (commands) => observe(() => redis.run(commands)),
  };
}

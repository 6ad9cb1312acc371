// A process that starts the embedded server and keeps running, for tests that kill or interrupt it.
import { createDatabase } from '../../src/database/client.ts';
import { startEmbeddedPostgres } from '../../src/database/embedded/embedded-postgres.ts';

const server = await startEmbeddedPostgres({ dataDir: process.argv[2]!, log: console });

process.once('SIGINT', () => {
  void (async () => {
    const database = createDatabase({ url: server.url, role: undefined });
    await database.ping();
    console.log('answered after SIGINT');
    await database.close();
    await server.stop();
  })();
});
console.log('ready');

import { join } from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import type { Usher } from '../e2e/support/usher.ts';
import { readPidFile } from '../../src/database/embedded/pid-file.ts';
import { embeddedRows, expectNoForbiddenGrant } from './support/expectations.ts';
import { injectFault } from './support/outage.ts';
import { report, seconds } from './support/report.ts';
import { startService } from './support/service.ts';
import { canMount, mountSmallDisk } from './support/small-disk.ts';

const home = ({ dataDir }: Usher) => join(dataDir, 'postgres');

describe('a failure of the embedded database during requests', () => {
  it('SIGKILL', async () => {
    const usher = await startService();
    onTestFinished(() => usher.stop());
    const outage = await injectFault(usher, async () => {
      const server = await readPidFile(join(home(usher), 'data'));
      process.kill(server!.pid, 'SIGKILL');
      return () => Promise.resolve();
    });
    const lost = await expectNoForbiddenGrant(outage, embeddedRows(usher));
    report({
      fault: 'embedded PostgreSQL killed (SIGKILL); Usher starts it again',
      clientsSaw: outage.clientsSaw,
      lost,
      recovery: 'during the 6 s',
    });
  });

  it.skipIf(!canMount)('no space for a new server, which is reported in one message', async () => {
    const disk = await mountSmallDisk();
    onTestFinished(disk.remove);
    await disk.fill(10 * 1024 * 1024);
    await expect(startService({ DATA_DIR: join(disk.path, 'data') })).rejects.toThrow(
      /could not be created \(.*No space left on device.*\); make room for it/,
    );
  });

  it.skipIf(!canMount)('a full disk', async () => {
    const disk = await mountSmallDisk();
    onTestFinished(disk.remove);
    const usher = await startService({ DATA_DIR: join(disk.path, 'data') });
    onTestFinished(() => usher.stop());
    const outage = await injectFault(usher, () => disk.fill());
    expect(outage.requests.some(({ status }) => status === 503)).toBe(true);
    const lost = await expectNoForbiddenGrant(outage, embeddedRows(usher));
    report({
      fault: 'disk of the embedded PostgreSQL full for 6 s',
      clientsSaw: outage.clientsSaw,
      lost,
      recovery: seconds(outage.recovery),
    });
  });
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { logLines } from '../support/program.ts';

const typescript = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
const source = new URL('../../src/observability/logger.ts', import.meta.url).href;

/** Starts a process with its own log that runs this. */
function logging(script: string, now = 'Date.now') {
  const child = spawn(
    process.execPath,
    [
      ...['--import', typescript, '--input-type=module', '--eval'],
      `import { createLogger } from '${source}'; const log = createLogger('info', ${now}); ${script}`,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stderr.resume();
  let text = '';
  const ended = once(child, 'close');
  return {
    child,
    /** All lines, once it has ended. */
    lines: async () => {
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await ended;
      return logLines(text);
    },
  };
}

const many = 'for (let i = 0; i < 5000; i += 1) log.info({ i }, "line");';
const inOrder = Array.from({ length: 5000 }, (_, i) => i);

describe('the log', () => {
  it('contains every line, in order, when the process exits', async () => {
    const lines = await logging(many).lines();
    expect(lines.map(({ i }) => i)).toEqual(inOrder);
  });

  it.each(['process.exit(0);', 'throw new Error("bug");'])(
    'loses no line to %s',
    async (ending) => {
      const lines = await logging(many + ending).lines();
      expect(new Set(lines.map(({ i }) => i))).toEqual(new Set(inOrder));
    },
  );

  it('contains the time of each line', async () => {
    const { lines } = logging(
      'log.info("a"); log.info("b"); globalThis.time = 1500; log.info("c");',
      '() => globalThis.time ?? 0',
    );
    expect((await lines()).map(({ time }) => time)).toEqual([
      '1970-01-01T00:00:00.000Z',
      '1970-01-01T00:00:00.000Z',
      '1970-01-01T00:00:01.500Z',
    ]);
  });

  it('does not block the process while its output is not read, and then reports the number of lost lines', async () => {
    const most = 40_000;
    const { child, lines } = logging(
      `const text = 'x'.repeat(1000); for (let i = 0; i < ${String(most)}; i += 1) log.info(text);
       setImmediate(() => process.stderr.write('went on'));`,
    );
    await once(child.stderr, 'data');
    const all = await lines();
    const last = all.at(-1);
    expect(last).toMatchObject({ msg: 'log lines were dropped' });
    expect(Number(last?.['dropped']) + all.length - 1).toBe(most);
    expect(all.length).toBeLessThan(most / 2);
  });
});

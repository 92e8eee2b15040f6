import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';

import { watchRuns } from '../../../../src/cli/commands/watch-runs.ts';
import { Output } from '../../../../src/cli/output.ts';
import { MemoryStore, SharedMemory } from '../../../../src/store/memory/index.ts';
import { batchOf, runRecord } from '../../../contract/store-batches.ts';
import { readLines } from '../spawned.ts';
import { Records, timeoutMs } from './on-record.ts';

test('a line for each run that changes, to its end', { timeout: timeoutMs }, async () => {
  const records = new Records();
  const { process: driver, run } = await records.startBusy();
  const watch = records.start('runs', '--watch', '--json');
  await watch.untilPrinted(run);
  expect((await records.virtstate('abort', run)).status).toBe(0);
  await driver.ended();
  await watch.untilPrinted('"outcome":"rolledBack"');
  watch.process.kill('SIGINT');
  const { status, stdout } = await watch.ended();
  const lines = readLines(stdout);
  expect(lines[0]).toMatchObject({ type: 'run', run, outcome: null });
  expect(lines.at(-1)).toMatchObject({ type: 'run', run, outcome: 'rolledBack' });
  expect(status).toBe(0);
});

test('where there is no store there is nothing to watch', { timeout: timeoutMs }, async () => {
  const { status, stderr } = await new Records().virtstate('runs', '--watch');
  expect(stderr).toContain('there is no store at ');
  expect(status).toBe(2);
});

/** As a terminal is, with what was written to it. */
class Screen extends PassThrough {
  columns = 80;
  rows = 24;

  get picture(): string[] {
    const [last = ''] = String(this.read() ?? '')
      .split('\u001b[J')
      .slice(-1);
    return stripVTControlCharacters(last).trimEnd().split('\n');
  }
}

test('on a terminal the list is redrawn, as wide as the terminal is', async () => {
  const memory = new SharedMemory();
  const store = new MemoryStore(memory);
  const other = new MemoryStore(memory);
  const subject = 'a-domain-with-a-name-that-is-longer-than-most-and-needs-a-lot-of-room';
  await other.commit(batchOf({ runs: [runRecord('run-1', { subject })] }));
  const terminal = new Screen();
  const output = new Output({ stdout: terminal, stderr: new PassThrough() });
  const listed = Promise.withResolvers<void>();
  const again = Promise.withResolvers<void>();
  let looks = 0;
  const seen: Parameters<typeof watchRuns>[0] = {
    summary: (id) => store.summary(id),
    onChange: (listener) => store.onChange(listener),
    list: async (filter) => {
      const found = await store.list(filter);
      looks += 1;
      setImmediate(() => (looks === 1 ? listed : again).resolve());
      return found;
    },
  };
  const watched = { filter: {}, limit: 50, style: 'words', nothing: ['none'] } as const;
  const watching = watchRuns(seen, watched, {
    output,
    terminal,
    environment: {},
    now: () => 0,
    input: () => new PassThrough(),
  });
  await listed.promise;
  const [head, row, ...rest] = terminal.picture;
  expect(head).toMatch(/^RUN +WORKFLOW +DOMAIN/);
  expect(row).toMatch(/^run-1 .*\.\.\.$/);
  expect(row).toHaveLength(80);
  expect(rest).toEqual([]);
  terminal.columns = 200;
  terminal.emit('resize');
  expect(terminal.picture[1]).toContain(subject);
  await other.commit(batchOf({ runs: [runRecord('run-2', {})] }));
  await again.promise;
  expect(terminal.picture).toHaveLength(3);
  process.emit('SIGINT');
  await watching;
  await store.close();
  await other.close();
});

import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import type { CommitBatch, RunRecord, RunSummary } from '../../../../src/ports/run-store.ts';
import { openSqliteStore } from '../../../../src/store/sqlite/index.ts';
import { batchOf, runRecord } from '../../../contract/store-batches.ts';
import type { Ended } from '../spawned.ts';
import { readLines, Spawned } from '../spawned.ts';

export const timeoutMs = 60_000;
export const between = ['--from', 'simulated:///hostA', '--to', 'simulated:///hostB'];

/** A store of the test's own, worked on by command lines in processes of their own. */
export class Records {
  readonly path: string;

  constructor() {
    const directory = mkdtempSync(join(tmpdir(), 'virtstate-records-'));
    onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
    this.path = join(directory, 'runs.db');
  }

  start(...words: string[]): Spawned {
    return new Spawned([...words, '--store', this.path]);
  }

  virtstate(...words: string[]): Promise<Ended> {
    return this.start(...words).ended();
  }

  /** A migration that does not end by itself, and has begun to copy memory. */
  async startBusy(
    ...words: string[]
  ): Promise<{ readonly run: string; readonly process: Spawned }> {
    const process = this.start('migrate', 'busy', ...between, '--json', ...words);
    await process.untilPrinted('perform3.precopying');
    const run = readLines(process.printed.slice(0, process.printed.indexOf('\n')))[0]?.['run'];
    if (typeof run !== 'string') throw new TypeError('its first line names no run');
    return { run, process };
  }

  /** What a process leaves that was killed in the middle of it. */
  async leaveBusy(...words: string[]): Promise<string> {
    const { run, process } = await this.startBusy(...words);
    await kill(process);
    return run;
  }

  /** Puts runs on record that nobody drives. */
  async put(records: readonly Partial<RunRecord>[]): Promise<void> {
    const runs = records.map(({ id = 'run', ...changes }) => runRecord(id, changes));
    const store = openSqliteStore(this.path);
    await store.commit(batchOf({ runs } satisfies Partial<CommitBatch>));
    await store.close();
  }

  async summary(run: string): Promise<RunSummary | null> {
    const store = openSqliteStore(this.path);
    try {
      return await store.summary(run);
    } finally {
      await store.close();
    }
  }
}

export async function kill({ process }: Spawned): Promise<void> {
  process.kill('SIGKILL');
  if (process.signalCode === null) await once(process, 'close');
}

/** Both streams as lines, without the last line break. */
export function linesOf(text: string): string[] {
  return text.trimEnd().split('\n');
}

import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { openSqliteStore } from '../../../src/store/sqlite/index.ts';
import { batchOf, beginning, ended, runRecord, step } from '../../contract/store-batches.ts';
import type { StoreProcess } from '../../contract/store-process.ts';
import { namesIn, newPath, opened, openedElsewhere } from './place.ts';

afterEach(() => {
  vi.useRealTimers();
});

const leaseLost = { name: 'StoreError', code: 'leaseLost' };

/** Resolves when the kernel has stopped every thread of it: the signal alone only asks for that. */
async function stopped({ process: child }: StoreProcess): Promise<void> {
  child.kill('SIGSTOP');
  const isStopped = () => /^State:\s+T/m.test(readFileSync(`/proc/${child.pid}/status`, 'utf8'));
  while (!isStopped()) await new Promise((resolve) => setImmediate(resolve));
}

function removeLockFiles(path: string): void {
  const names = readdirSync(dirname(path)).filter((name) => name.includes('-engine-'));
  expect(names).not.toEqual([]);
  for (const name of names) rmSync(join(dirname(path), name));
}

test('a killed engine is told from a living one, and leaves no lock file when it is taken over', async () => {
  const path = newPath();
  const other = await openedElsewhere(path);
  await other.store.commit(beginning('a'));
  const store = opened(path);
  expect((await store.summary('a'))?.holder).toMatchObject({ pid: other.process.pid, alive: true });
  await other.kill();
  expect((await store.summary('a'))?.holder).toMatchObject({
    pid: other.process.pid,
    alive: false,
  });
  expect(await store.takeOver()).toHaveLength(1);
  expect(namesIn(dirname(path)).filter((name) => name === 'runs.db-engine')).toHaveLength(1);
});

test('a stopped engine lives: its runs are not taken away, and it goes on', async () => {
  const path = newPath();
  const other = await openedElsewhere(path);
  await other.store.commit(beginning('a'));
  await stopped(other);
  const store = opened(path);
  expect((await store.summary('a'))?.holder).toMatchObject({ alive: true });
  expect(await store.takeOver()).toEqual([]);
  other.process.kill('SIGCONT');
  await other.store.commit(batchOf({ runs: [ended('a')] }));
  expect(await store.summary('a')).toMatchObject({ outcome: 'completed' });
});

test('looking at an engine of the same process does not take its lock away', async () => {
  const path = newPath();
  const store = opened(path);
  await store.commit(beginning('a'));
  const beside = opened(path);
  expect((await beside.summary('a'))?.holder).toMatchObject({ alive: true });
  expect(await beside.takeOver()).toEqual([]);
  await beside.close();
  const other = await openedElsewhere(path);
  expect(await other.store.takeOver()).toEqual([]);
});

test('an engine whose lock file was removed is dead only when its heart has stopped for 10 s', async () => {
  const path = newPath();
  const store = opened(path);
  await store.commit(beginning('a'));
  removeLockFiles(path);
  const other = opened(path);
  expect(await other.takeOver()).toEqual([]);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 });
  expect(await other.takeOver()).toHaveLength(1);
});

test('an engine taken for dead changes nothing any more, whatever it tries', async () => {
  const path = newPath();
  const store = opened(path);
  await store.acquire('a', [{ name: 'domain', capacity: 1 }], { wait: false });
  await store.commit(beginning('a'));
  removeLockFiles(path);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 11_000 });
  const other = opened(path);
  await other.takeOver();
  const failure = { code: 'x', message: 'x', effect: 'none' } as const;
  await expect(store.commit(batchOf({ journal: [step('a', ['x'])] }))).rejects.toMatchObject(
    leaseLost,
  );
  await expect(store.commit(beginning('b'))).rejects.toMatchObject(leaseLost);
  await expect(store.park('a', failure)).rejects.toMatchObject(leaseLost);
  await expect(store.takeOver()).rejects.toMatchObject(leaseLost);
  const locks = [{ name: 'other', capacity: 1 }];
  await expect(store.acquire('b', locks, { wait: false })).rejects.toMatchObject(leaseLost);
  await store.release(['a']);
  await store.close();
  expect((await other.summary('a'))?.holder).toMatchObject({ id: other.engineId });
  expect(await other.journal('a')).toHaveLength(1);
});

test('a heart beats every second while runs are driven, and only then', async () => {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'] });
  const path = newPath();
  const store = opened(path);
  const reader = opened(path);
  await store.commit(beginning('a', 'b'));
  const beat = async () => (await reader.summary('b'))?.holder?.heartbeatAtEpochMs;
  const first = Number(await beat());
  vi.advanceTimersByTime(1_000);
  expect(await beat()).toBe(first + 1_000);
  vi.advanceTimersByTime(5_000);
  expect(await beat()).toBe(first + 6_000);
  let changes = 0;
  reader.onChange(() => (changes += 1));
  await store.release(['a', 'b']);
  // A look of the watch.
  vi.advanceTimersByTime(50);
  expect(changes).toBe(1);
  vi.advanceTimersByTime(5_000);
  expect(changes).toBe(1);
});

test('processes that commit at the same time lose nothing', async () => {
  const path = newPath();
  const processes = await Promise.all([1, 2, 3].map(() => openedElsewhere(path)));
  const turns = Array.from({ length: 60 }, (_, index) => index);
  await Promise.all(
    processes.map(async ({ store }, index) => {
      const id = `run-${index}`;
      await store.commit(beginning(id));
      for (const turn of turns) {
        const runs = [runRecord(id, { entries: { turn } })];
        await store.commit(batchOf({ runs, journal: [step(id, [`turn${turn}`])] }));
      }
    }),
  );
  const store = opened(path);
  for (const index of [0, 1, 2]) {
    expect(await store.journal(`run-${index}`)).toHaveLength(turns.length + 1);
    expect((await store.load(`run-${index}`))?.record.entries).toEqual({ turn: turns.at(-1) });
  }
});

test('processes that open a new store at the same time make one', async () => {
  const path = newPath();
  await Promise.all(
    ['a', 'b', 'c', 'd'].map(async (id) => {
      const { store } = await openedElsewhere(path);
      await store.commit(beginning(id));
    }),
  );
  expect(await opened(path).list()).toHaveLength(4);
});

test.each([1, 7, 60])(
  'a kill after %i commits loses none of them, and halves none',
  async (count) => {
    const path = newPath();
    const other = await openedElsewhere(path);
    let acknowledged = 0;
    other.process.on('message', ({ result }: { readonly result?: number }) => {
      acknowledged = result ?? 0;
      if (acknowledged === count) other.process.kill('SIGKILL');
    });
    const running = expect(other.call('commitForEver', 'a')).rejects.toThrow(
      'the process has ended',
    );
    await once(other.process, 'exit');
    await running;
    const store = opened(path);
    const [taken] = await store.takeOver();
    const journal = (await store.journal('a')) ?? [];
    const steps = journal.length - 1;
    expect(steps).toBeGreaterThanOrEqual(acknowledged);
    expect(taken?.runs[0]?.record.snapshot).toMatchObject({ context: { step: steps } });
    expect(journal.at(-1)?.to).toEqual([`copying${steps}`]);
  },
);

test('a store may be opened again while it is open in the same process', async () => {
  const path = newPath();
  const store = opened(path);
  await store.commit(beginning('a'));
  await openSqliteStore(path).close();
  await store.commit(batchOf({ runs: [ended('a')] }));
  expect(await opened(path).summary('a')).toMatchObject({ outcome: 'completed' });
});

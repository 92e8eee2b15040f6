import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';

import { liveMigrationInput } from '../../../machines/index.ts';
import { aboutLiveMigration } from '../../../src/bindings/about-live-migration.ts';
import { locksFor } from '../../../src/engine/admission.ts';
import { BusyError } from '../../../src/engine/engine-error.ts';
import type { Run } from '../../../src/engine/run.ts';
import type { About, BoundMachine } from '../../../src/engine/slots.ts';
import { Engines, never, settled } from '../../support/engines.ts';
import { bindToy } from '../../support/toy-machine.ts';

/** Toys that all want the same for themselves, and burden the same host. */
function locked(about: Partial<About> = {}): BoundMachine[] {
  const [toy, ...children] = bindToy({ prepare: () => never() });
  if (toy === undefined) throw new Error('no toy');
  const own = { subject: 'guest', locks: [{ name: 'domain guest', capacity: 1 }], hosts: [] };
  return [{ ...toy, about: () => ({ ...own, ...about }) }, ...children];
}

const onHost = locked({ locks: [], hosts: ['qemu:///a', 'qemu:///a'] });

async function refusal(started: Promise<Run>): Promise<BusyError> {
  const error: unknown = await started.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof BusyError) return error;
  throw new Error('it was started');
}

describe('one run for what only one may have', () => {
  test('another is refused, and told who has it, where it stands and what to do', async () => {
    const { engine } = new Engines().seat(locked());
    await engine.start('toy', { n: 1 });
    await settled();
    const busy = await refusal(engine.start('toy', { n: 2 }));
    expect(busy).toMatchObject({ code: 'busy', lock: 'domain guest' });
    expect(busy.holders).toMatchObject([{ id: 'run-1', states: ['waiting'], subject: 'guest' }]);
    expect(busy.message).toMatch(
      /^domain guest is taken: run run-1 \(toy\) is in waiting, driven by process \d+ on .*; end it with "abort run-1"\. Nothing was started\. Queue behind it with `wait`$/,
    );
  });

  test('also where another process has it', async () => {
    const engines = new Engines();
    await engines.seat(locked()).engine.start('toy', { n: 1 });
    await settled();
    const busy = await refusal(engines.seat(locked()).engine.start('toy', { n: 2 }));
    expect(busy.holders).toMatchObject([{ id: 'run-1' }]);
  });

  test('a dead holder keeps it until its run is recovered and ends', async () => {
    const engines = new Engines();
    const victim = engines.seat(locked());
    await victim.engine.start('toy', { n: 1 });
    await settled();
    victim.store.die();
    const heir = engines.seat(locked());
    const busy = await refusal(heir.engine.start('toy', { n: 2 }));
    expect(busy.message).toContain('nobody drives it: go on with it by "recover"');
    await heir.engine.recover();
    await settled();
    const still = await refusal(heir.engine.start('toy', { n: 2 }));
    expect(still.message).toContain('driven by process');
  });

  test('what a process held that died before its run began is free, although nobody tells', async () => {
    const engines = new Engines();
    const victim = engines.seat(locked());
    await victim.store.acquire('run-0', [{ name: 'domain guest', capacity: 1 }], { wait: false });
    const places: string[] = [];
    const started = engines
      .seat(locked())
      .engine.start('toy', { n: 1 }, { wait: true, onWait: ({ lock }) => places.push(lock) });
    await settled();
    expect(places).toContain('domain guest');
    victim.store.die();
    expect(await engines.clock.run(started)).toMatchObject({ id: 'run-1' });
    expect(engines.clock.nowEpochMs()).toBeLessThanOrEqual(1000);
  });

  test('a run that could not begin holds nothing', async () => {
    const engines = new Engines();
    const first = engines.seat(locked());
    first.store.commit = () => Promise.reject(new Error('disk full'));
    const run = await first.engine.start('toy', { n: 1 });
    expect(await run.wait()).toMatchObject({ ended: 'broken' });
    await expect(engines.seat(locked()).engine.start('toy', { n: 2 })).resolves.toBeDefined();
  });
});

/** A toy that ends as soon as it is told to go. */
function ending(): BoundMachine[] {
  const [toy, ...children] = bindToy({ prepare: () => Promise.reject(new Error('no')) });
  const [about] = locked();
  if (toy === undefined || about?.about === undefined) throw new Error('no toy');
  return [{ ...toy, about: about.about.bind(about) }, ...children];
}

/** A machine that stands still, and wants this for itself. */
function standing(id: string, ...names: readonly string[]): BoundMachine {
  const machine = setup({}).createMachine({
    id,
    version: '1',
    initial: 'standing',
    states: { standing: {} },
  });
  const locks = names.map((name) => ({ name, capacity: 1 }));
  return { machine, slots: {}, about: () => ({ subject: id, locks, hosts: [] }) };
}

describe('a queue', () => {
  test.each(['one process', 'two processes'] as const)(
    'lets the next one begin when the one before has ended: %s',
    async (kind) => {
      const engines = new Engines();
      const first = engines.seat(ending());
      const second = kind === 'one process' ? first : engines.seat(ending());
      const begun: string[] = [];
      const one = await first.engine.start('toy', { n: 1 });
      const two = second.engine.start('toy', { n: 2 }, { wait: true });
      void two.then((run) => begun.push(run.id));
      await settled();
      expect(begun).toEqual([]);
      one.send({ type: 'go' });
      await one.wait();
      await settled();
      expect(begun).toEqual(['run-2']);
    },
  );

  test('is fair: whoever came first goes first, and nobody passes it by', async () => {
    const { engine } = new Engines().seat(ending());
    const order: string[] = [];
    const one = await engine.start('toy', { n: 1 });
    await settled();
    const waiting = [2, 3, 4].map(async (n) => {
      const run = await engine.start('toy', { n }, { wait: true });
      order.push(run.id);
      await settled();
      run.send({ type: 'go' });
      await run.wait();
    });
    await settled();
    const busy = await refusal(engine.start('toy', { n: 5 }));
    expect(busy.holders.map(({ id }) => id)).toEqual(['run-1']);
    one.send({ type: 'go' });
    await Promise.all(waiting);
    expect(order).toEqual(['run-2', 'run-3', 'run-4']);
  });

  test('is left when its signal says so, and the next one moves up', async () => {
    const { engine } = new Engines().seat(ending());
    const one = await engine.start('toy', { n: 1 });
    const stop = new AbortController();
    const two = engine.start('toy', { n: 2 }, { wait: true, signal: stop.signal });
    const three = engine.start('toy', { n: 3 }, { wait: true });
    await settled();
    stop.abort(new Error('not any more'));
    await expect(two).rejects.toThrow('not any more');
    one.send({ type: 'go' });
    expect((await three).id).toBe('run-3');
  });

  test('moves up at once when somebody before leaves it, also in the same process', async () => {
    const machines = [standing('one', 'x'), standing('both', 'x', 'y'), standing('other', 'y')];
    const { engine } = new Engines().seat(machines);
    await engine.start('one', null);
    const stop = new AbortController();
    const both = engine.start('both', null, { wait: true, signal: stop.signal });
    const other = engine.start('other', null, { wait: true });
    await settled();
    stop.abort(new Error('not any more'));
    await expect(both).rejects.toThrow('not any more');
    expect((await other).id).toBe('run-3');
  });

  test('ends with its engine', async () => {
    const { engine } = new Engines().seat(locked());
    await engine.start('toy', { n: 1 });
    const two = engine.start('toy', { n: 2 }, { wait: true });
    await settled();
    await Promise.all([expect(two).rejects.toThrow('closed'), engine.close()]);
  });
});

describe('limits', () => {
  test('so many runs burden one host at once', async () => {
    const { engine } = new Engines().seat(onHost, { limits: { perHost: 2 } });
    await engine.start('toy', { n: 1 });
    await engine.start('toy', { n: 2 });
    await settled();
    const busy = await refusal(engine.start('toy', { n: 3 }));
    expect(busy.lock).toBe('host qemu:///a');
    expect(busy.holders.map(({ id }) => id)).toEqual(['run-1', 'run-2']);
  });

  test('so many are at work in all', async () => {
    const { engine } = new Engines().seat(bindToy({}), { limits: { total: 1 } });
    await engine.start('toy', { n: 1 });
    await settled();
    expect((await refusal(engine.start('toy', { n: 2 }))).lock).toBe('all runs');
  });
});

describe('a live migration', () => {
  const asked = {
    domain: 'guest',
    source: 'qemu+tls://a/system',
    destination: 'qemu+tls://b/system?authfile=/etc/secret',
  };

  test('holds its domain on both hosts, by the name that it gets there', () => {
    const options = { destinationConnectUri: null, destinationName: 'moved' };
    const about = aboutLiveMigration(liveMigrationInput({ ...asked, options }));
    expect(about).toMatchObject({ subject: 'guest', secrets: [] });
    expect(locksFor(about, { perHost: 4, total: 9 })).toEqual([
      { name: 'domain guest on qemu+tls://a/system', capacity: 1 },
      { name: 'domain moved on qemu+tls://b/system?authfile=***', capacity: 1 },
      { name: 'host qemu+tls://a/system', capacity: 4 },
      { name: 'host qemu+tls://b/system?authfile=***', capacity: 4 },
      { name: 'all runs', capacity: 9 },
    ]);
  });

  test('keeps a definition that it was given to itself', () => {
    const options = { destinationConnectUri: null, destinationXml: '<domain/>' };
    expect(aboutLiveMigration(liveMigrationInput({ ...asked, options })).secrets).toEqual([
      '<domain/>',
    ]);
  });
});

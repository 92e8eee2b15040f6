import { describe, expect, test } from 'vitest';

import { Engines, never, settled } from '../../support/engines.ts';
import { bindToy } from '../../support/toy-machine.ts';

/** A run that one process drives, and the handle that another one has of it. */
async function twoProcesses() {
  const engines = new Engines();
  const driver = engines.seat(bindToy({ prepare: () => never() }));
  const run = await driver.engine.start('toy', { n: 1 });
  await settled();
  const other = engines.seat(bindToy({}));
  const handle = await other.engine.find(run.id);
  if (handle === null) throw new Error('no such run');
  return { engines, driver, run, other, handle };
}

describe('an event from another process', () => {
  test('is taken and answered with the step that it makes, in one transaction', async () => {
    const { driver, handle, run } = await twoProcesses();
    const batches: unknown[] = [];
    const commit = driver.store.commit.bind(driver.store);
    driver.store.commit = (batch) => {
      batches.push([batch.journal.map(({ event }) => event.type), batch.answers]);
      return commit(batch);
    };
    expect(await handle.send({ type: 'go' })).toEqual({ accepted: true });
    expect(run.states()).toEqual(['preparing']);
    expect(batches).toEqual([[['go'], [{ seq: 1, answer: { accepted: true } }]]]);
  });

  test('is refused with what the state allows', async () => {
    const { handle, run } = await twoProcesses();
    expect(await handle.send({ type: 'seen', n: 1 })).toEqual({
      accepted: false,
      reason: 'seen is not allowed in waiting',
      allowed: ['again', 'go'],
    });
    expect(run.states()).toEqual(['waiting']);
  });

  test('does no harm where a guard has a bug', async () => {
    const { handle, run } = await twoProcesses();
    const answer = await handle.send({ type: 'again' });
    expect(answer).toMatchObject({ accepted: false });
    expect(JSON.stringify(answer)).toContain('a guard with a bug');
    expect(run.states()).toEqual(['waiting']);
  });

  test('is answered once, however often the store tells of a change', async () => {
    const { handle, other, run } = await twoProcesses();
    const answers = Promise.all([
      handle.send({ type: 'go' }),
      handle.send({ type: 'seen' }),
      other.store.withdraw('nothing'),
      other.store.withdraw('nothing'),
    ]);
    expect(await answers).toMatchObject([
      { accepted: true },
      { accepted: false },
      undefined,
      undefined,
    ]);
    expect(run.states()).toEqual(['preparing']);
  });

  test('is taken once, although it still stands there while its step is put on record', async () => {
    const { driver, handle, other, run } = await twoProcesses();
    await handle.send({ type: 'go' });
    const held = Promise.withResolvers<void>();
    const commit = driver.store.commit.bind(driver.store);
    driver.store.commit = (batch) => held.promise.then(() => commit(batch));
    const answer = handle.send({ type: 'again' });
    await settled();
    await other.store.withdraw('nothing');
    await settled();
    held.resolve();
    expect(await answer).toEqual({ accepted: true });
    await settled();
    expect(await driver.store.load(run.id)).toMatchObject({ record: { entries: { prepare: 2 } } });
  });

  test('is not waited for where nobody drives the run, and is taken by whoever recovers it', async () => {
    const { driver, engines, handle, other } = await twoProcesses();
    driver.store.die();
    await expect(handle.send({ type: 'go' })).rejects.toThrow(
      'go was posted to run run-1, but nobody drives it: "virtstate recover" goes on with the run and takes it then',
    );
    const [run] = (await other.engine.recover()).runs;
    expect(await engines.clock.run(run?.wait() ?? never())).toMatchObject({
      output: { n: 4 },
      atEpochMs: 0,
    });
  });

  test('is given up where the process that drives the run does not answer', async () => {
    const { driver, engines, handle } = await twoProcesses();
    driver.store.inbox = () => Promise.resolve([]);
    const answer = handle.send({ type: 'go' });
    const refused = expect(answer).rejects.toThrow(/process \d+ does not answer/);
    await engines.clock.run(refused);
  });

  test('comes too late for a run that has ended', async () => {
    const { handle, run, engines } = await twoProcesses();
    await handle.send({ type: 'go' });
    expect(run.states()).toEqual(['preparing']);
    const done = engines.seat(bindToy({}));
    const short = await done.engine.start('toy', { n: 1 });
    await engines.clock.run(short.wait());
    const late = await done.engine.find(short.id);
    expect(await late?.send({ type: 'go' })).toEqual({
      accepted: false,
      reason: `run ${short.id} has ended`,
      allowed: [],
    });
  });
});

describe('a handle', () => {
  test('is not had of a run that nobody knows', async () => {
    expect(await new Engines().seat(bindToy({})).engine.find('nothing')).toBeNull();
  });

  test('of an own run answers at once', async () => {
    const { driver, run } = await twoProcesses();
    const own = await driver.engine.find(run.id);
    expect(await own?.send({ type: 'seen' })).toMatchObject({ accepted: false });
    expect(await own?.send({ type: 'go' })).toEqual({ accepted: true });
    await settled();
    expect(run.states()).toEqual(['preparing']);
  });

  test('knows what the machine allows now, from the record alone', async () => {
    const { handle, run } = await twoProcesses();
    expect(await handle.allowedEvents()).toEqual(['again', 'go']);
    expect(run.allowedEvents()).toEqual(['again', 'go']);
    await handle.send({ type: 'go' });
    expect(await handle.allowedEvents()).toEqual(['again']);
  });
});

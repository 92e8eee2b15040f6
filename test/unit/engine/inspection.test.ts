import { expect, test } from 'vitest';

import type { InspectionMessage } from '../../../src/engine/inspection/message.ts';
import { connectInspector } from '../../../src/inspection/inspection-socket.ts';
import { noLog } from '../../../src/ports/log.ts';
import { Engines, never } from '../../support/engines.ts';
import { lateReceiver, tellJournal } from '../../support/inspection.ts';
import { bindToy } from '../../support/toy-machine.ts';

const shortly = bindToy({});

test('an engine tells what its journal tells, while it goes on', async () => {
  const messages: InspectionMessage[] = [];
  const inspect = (message: InspectionMessage): void => void messages.push(message);
  const { engine, store } = new Engines().seat(shortly, { inspect });
  const run = await engine.start('toy', { n: 1 });
  run.send({ type: 'go' });
  await run.wait();
  await engine.close();
  const rows = (await store.journal(run.id)) ?? [];
  expect(messages).toEqual(await tellJournal(shortly, 'toy', rows));
  expect(messages[0]).toMatchObject({ type: '@xstate.actor', name: 'toy', sessionId: run.id });
});

test('a run that is taken over is told from its beginning', async () => {
  const engines = new Engines();
  const began = Promise.withResolvers<void>();
  const prepare = (): Promise<number> => {
    began.resolve();
    return never();
  };
  const first = engines.seat(bindToy({ prepare }));
  const run = await first.engine.start('toy', { n: 1 });
  run.send({ type: 'go' });
  await began.promise;
  await first.engine.close();
  await first.store.close();
  const messages: InspectionMessage[] = [];
  const second = engines.seat(shortly, { inspect: (message) => void messages.push(message) });
  const [taken] = (await second.engine.recover()).runs;
  await engines.clock.run(taken?.wait() ?? Promise.reject(new Error('nothing was left')));
  await second.engine.close();
  const rows = (await second.store.journal(run.id)) ?? [];
  expect(messages).toEqual(await tellJournal(shortly, 'toy', rows));
});

test('a machine that steps otherwise today is told by its events alone', async () => {
  const engines = new Engines();
  const { engine, store } = engines.seat(shortly);
  const run = await engine.start('toy', { n: 1 });
  run.send({ type: 'go' });
  await engines.clock.run(run.wait());
  const rows = (await store.journal(run.id)) ?? [];
  const other = rows.map((row) => (row.to[0] === 'preparing' ? { ...row, to: ['gone'] } : row));
  const messages = await tellJournal(shortly, 'toy', other);
  const after = messages.slice(messages.findIndex(({ event }) => Object(event).type === 'go'));
  expect(new Set(after.map(({ type }) => type))).toEqual(new Set(['@xstate.event']));
  expect(after.length).toBeGreaterThan(1);
});

test('nobody has to listen, and whoever comes later is told all of it', async () => {
  const { come, url } = await lateReceiver();
  const complaints: string[] = [];
  const log = { ...noLog, warn: (words: string) => void complaints.push(words) };
  const socket = connectInspector(url, log);
  const { engine } = new Engines().seat(shortly, { inspect: socket.inspect });
  const run = await engine.start('toy', { n: 1 });
  run.send({ type: 'go' });
  await run.wait();
  await engine.close();
  const { all, met } = await come();
  await met;
  await socket.close();
  expect((await all).at(-1)).toMatchObject({
    type: '@xstate.snapshot',
    snapshot: { status: 'done' },
  });
  expect(complaints).toEqual(['nobody inspects']);
});

test('a secret is told to nobody', async () => {
  const messages: InspectionMessage[] = [];
  const engines = new Engines();
  const { engine } = engines.seat(shortly, { inspect: (message) => void messages.push(message) });
  const url = 'qemu+tcp://me:open-sesame@hostA/system';
  const run = await engine.start('toy', { n: 1, url });
  run.send({ type: 'go' });
  await engines.clock.run(run.wait());
  await engine.close();
  const text = JSON.stringify(messages);
  expect(text).toContain('(kept secret)');
  expect(text).not.toContain('open-sesame');
});

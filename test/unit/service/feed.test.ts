import { setImmediate as turn, setTimeout as pause } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';

import type { JournalRow, RunRecord } from '../../../src/ports/run-store.ts';
import { Feed } from '../../../src/service/feed.ts';
import { MemoryStore } from '../../../src/store/memory/index.ts';

const record: RunRecord = {
  id: 'run-1',
  rootId: 'run-1',
  machine: 'liveMigration',
  version: '1',
  parent: null,
  subject: 'db1',
  entries: {},
  snapshot: { status: 'active', value: 'gathering', context: {}, children: {} },
  startedAtEpochMs: 1,
  finishedAtEpochMs: null,
  outcome: null,
};

const rowInto = (to: string): JournalRow => ({
  runId: record.id,
  atEpochMs: 1,
  event: { type: 'test' },
  from: [],
  to: [to],
  effectKey: null,
});

const nothingElse = { timers: [], artefacts: [], progress: [], answers: [], secrets: [] };

/** So long that whatever looks at intervals may look again. */
const silenceMs = 60;

test('a step after a silence is read at once', async () => {
  const store = new MemoryStore();
  await store.commit({ runs: [record], journal: [rowInto('gathering')], ...nothingElse });
  const feed = new Feed(record.id, { store, toSteps: async (rows) => rows });
  onTestFinished(() => feed.close());
  await feed.more();
  await pause(silenceMs);

  await store.commit({ runs: [], journal: [rowInto('checking')], ...nothingElse });
  feed.wake();
  // No timer has to run out for it.
  await turn();
  expect(feed.steps).toEqual([rowInto('gathering'), rowInto('checking')]);
});

import type { AddressInfo } from 'node:net';
import { expect, test, vi } from 'vitest';

import { followEvents, migrationOf, served } from '../../support/served.ts';

const copied = {
  ...migrationOf('demo'),
  input: { ...migrationOf('demo').input, options: { copyStorage: 'all' } },
};

test('a hundred clients follow one run, each from where it was, without a gap', async () => {
  const { app } = await served();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const { run } = (await app.inject({ method: 'POST', url: '/v1/runs', payload: copied })).json();
  const url = `http://127.0.0.1:${port}/v1/runs/${run}/events`;

  const follow = async (client: number): Promise<number[]> => {
    const seen: number[] = [];
    let last: string | null = null;
    for (;;) {
      // Some are cut off after every few events, and come back.
      const most = client % 2 === 0 ? Infinity : 3 + (client % 5);
      const { events, status } = await followEvents(
        url,
        last,
        (now) => now.filter(({ id }) => id !== '').length >= most,
      );
      expect(status).toBe(200);
      for (const { id, event } of events) {
        if (event === 'step') seen.push(Number(id));
        if (id !== '') last = id;
        if (event === 'run.finished') return seen;
      }
    }
  };
  const all = await Promise.all(Array.from({ length: 100 }, (_, client) => follow(client)));

  const { path } = (await app.inject(`/v1/runs/${run}`)).json();
  const expected = path.map((_: unknown, at: number) => at + 1);
  expect(expected.length).toBeGreaterThan(20);
  for (const seen of all) expect(seen).toEqual(expected);
  const metrics = (await app.inject('/metrics')).body;
  expect(metrics).toContain('virtstate_event_followers 0');
});

test('progress is told beside the steps, and moves no id', async () => {
  const { app } = await served();
  const { run } = (await app.inject({ method: 'POST', url: '/v1/runs', payload: copied })).json();
  const { body } = await app.inject(`/v1/runs/${run}/events`);
  const progress = body.split('\n\n').filter((block) => block.includes('event: progress'));
  expect(progress.length).toBeGreaterThan(3);
  for (const block of progress) expect(block).not.toMatch(/^id:/m);
  expect(body).toContain('"stream":"memory"');
});

test('whoever follows is let go when the service stops', async () => {
  const { app, end } = await served();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const payload = migrationOf('busy');
  const { run } = (await app.inject({ method: 'POST', url: '/v1/runs', payload })).json();
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const followed = followEvents(
    `http://127.0.0.1:${port}/v1/runs/${run}/events`,
    null,
    (events) => {
      if (events.length > 0) resolve();
      return false;
    },
  );
  await begun;
  await end();
  const { events } = await followed;
  expect(events.at(-1)?.event).not.toBe('run.finished');
});

test('whoever waits for what another run holds is told when the service stops', async () => {
  const { app, stop } = await served();
  const start = (waitMs: number) =>
    app.inject({ method: 'POST', url: '/v1/runs', payload: { ...migrationOf('busy'), waitMs } });
  await start(0);
  const waiting = start(600_000);
  await vi.waitFor(async () => {
    expect((await app.inject('/metrics')).body).toContain('virtstate_queue_length 1');
  });
  await stop();
  const told = await waiting;
  expect(told.statusCode).toBe(503);
  expect(told.json()).toMatchObject({ code: 'stopped' });
});

import { expect, test } from 'vitest';

import { receiver } from '../../support/inspection.ts';
import { readLines, Spawned, virtstate } from './spawned.ts';

const timeout = 60_000;
const idle = ['migrate', 'idle', '--from', 'simulated:///hostA', '--to', 'simulated:///hostB'];

test('quietly, only the result is told', { timeout }, async () => {
  const { status, stderr, stdout } = await virtstate(...idle, '--quiet');
  expect(stdout).toMatch(/^completed: idle has moved in /);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('quietly, the last line of JSON is the only one', { timeout }, async () => {
  const { stdout } = await virtstate(...idle, '--quiet', '--json');
  const lines = readLines(stdout);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatchObject({ type: 'run.finished', outcome: 'completed' });
  expect(lines[0]?.['run']).toMatch(/^[0-9a-f-]{36}$/);
});

test('quietly, a refusal is told all the same', { timeout }, async () => {
  const { status, stderr } = await virtstate(...idle.with(1, 'nobody'), '--quiet');
  expect(stderr).toContain('hostA has no domain nobody');
  expect(status).toBe(2);
});

test('quietly, whoever interrupts is told what comes of it', { timeout }, async () => {
  const run = new Spawned([...idle.with(1, 'busy'), '--quiet', '--log-level', 'debug']);
  await run.untilPrinted('perform3.precopying', 'stderr');
  run.process.kill('SIGINT');
  const { status, stderr, stdout } = await run.ended();
  expect(stderr).toContain('virtstate: ');
  expect(stdout).toMatch(/^rolled back after /);
  expect(status).toBe(130);
});

test('an inspector hears of every actor, to the end', { timeout }, async () => {
  const { all, url } = await receiver();
  const { status, stderr } = await virtstate(...idle, '--quiet', '--inspect', url);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const messages = await all;
  expect(messages[0]).toMatchObject({ type: '@xstate.actor', name: 'liveMigration' });
  const names = messages.flatMap(({ name }) => (name === undefined ? [] : [name]));
  expect(names).toEqual(expect.arrayContaining(['peer2peer', 'perform']));
  const { sessionId } = messages[0] ?? {};
  expect(messages.findLast((message) => message.sessionId === sessionId)).toMatchObject({
    type: '@xstate.snapshot',
    snapshot: { status: 'done', output: { outcome: 'completed' } },
  });
});

test('an inspector that is not there holds nothing up', { timeout }, async () => {
  const { status, stderr } = await virtstate(...idle, '--quiet', '--inspect', 'ws://127.0.0.1:9');
  expect(stderr).toContain('nobody inspects');
  expect(status).toBe(0);
});

test('a service tells an inspector of the runs that it drives', { timeout }, async () => {
  const { all, url } = await receiver();
  const service = new Spawned(['serve', '--port', '0', '--json', '--inspect', url]);
  await service.untilPrinted('serve.started');
  const [started] = readLines(service.printed);
  const answer = await fetch(`${String(started?.['url'])}/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      workflow: 'live-migration',
      input: { domain: 'nobody', source: 'simulated:///hostA', destination: 'simulated:///hostB' },
    }),
  });
  const { run }: { readonly run?: string } = Object(await answer.json());
  await fetch(`${String(started?.['url'])}/v1/runs/${run}/events`).then((stream) => stream.text());
  service.process.kill('SIGTERM');
  expect((await service.ended()).status).toBe(0);
  expect((await all).findLast(({ sessionId }) => sessionId === run)).toMatchObject({
    snapshot: { status: 'done', output: { outcome: 'refused' } },
  });
});

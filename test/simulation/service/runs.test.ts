import { join } from 'node:path';
import { expect, test } from 'vitest';

import { noConfig } from '../../../src/config/index.ts';
import { runDetailsShape, runListShape, runShape } from '../../../src/service/shapes.ts';
import type { Served } from '../../support/served.ts';
import {
  between,
  migrationOf,
  readEvents,
  scratchDirectory,
  served,
} from '../../support/served.ts';

const create = (service: Served, payload: object, headers: Record<string, string> = {}) =>
  service.app.inject({ method: 'POST', url: '/v1/runs', payload, headers });

async function finished(service: Served, id: string): Promise<string> {
  const { body } = await service.app.inject(`/v1/runs/${id}/events`);
  return body;
}

test('a run is started, followed to its end, shown and listed', async () => {
  const service = await served();
  const created = await create(service, migrationOf('idle'));
  expect(created.statusCode).toBe(201);
  const { run } = runShape.parse(created.json());
  expect(created.headers.location).toBe(`/v1/runs/${run}`);

  const events = readEvents(await finished(service, run));
  const steps = events.filter(({ event }) => event === 'step');
  expect(steps.map(({ id }) => Number(id))).toEqual(steps.map((_, at) => at + 1));
  expect(events.at(-1)).toMatchObject({
    event: 'run.finished',
    id: `${steps.length}-end`,
    data: { run: { run, outcome: 'completed' } },
  });

  const details = (await service.app.inject(`/v1/runs/${run}`)).json();
  expect(runDetailsShape.parse(details)).toMatchObject({ run, outcome: 'completed' });
  expect(details.path).toHaveLength(steps.length);
  const list = (await service.app.inject('/v1/runs')).json();
  expect(runListShape.parse(list)).toMatchObject({ runs: [{ run }], next: null });
});

test('a stream goes on after the event that was seen last', async () => {
  const service = await served();
  const { run } = (await create(service, migrationOf('idle'))).json();
  const all = readEvents(await finished(service, run));
  const url = `/v1/runs/${run}/events`;
  const steps = all.filter(({ id }) => id !== '');
  const again = async (headers: Record<string, string>, query = '') =>
    readEvents((await service.app.inject({ url: `${url}${query}`, headers })).body);
  expect(await again({ 'last-event-id': '3' })).toEqual(steps.slice(3));
  expect(await again({}, '?after=3')).toEqual(steps.slice(3));
  const last = steps.at(-2)?.id ?? '';
  expect(await again({ 'last-event-id': last })).toEqual(steps.slice(-1));
  expect(await again({ 'last-event-id': '9999' })).toEqual(steps);
  const headers = { 'last-event-id': steps.at(-1)?.id ?? '' };
  expect((await service.app.inject({ url, headers })).statusCode).toBe(204);
});

test('lists come in pages and by filter', async () => {
  const service = await served();
  const ids: string[] = [];
  for (const domain of ['idle', 'nobody', 'nobody']) {
    const { run } = (await create(service, migrationOf(domain))).json();
    ids.unshift(run);
    await finished(service, run);
  }
  const list = async (query: string) => {
    const { runs, next } = runListShape.parse(
      (await service.app.inject(`/v1/runs${query}`)).json(),
    );
    return { runs: runs.map(({ run }) => run), next };
  };
  expect(await list('?limit=2')).toEqual({ runs: ids.slice(0, 2), next: ids[1] });
  expect(await list(`?limit=2&before=${ids[1]}`)).toEqual({ runs: ids.slice(2), next: null });
  expect(await list('?outcome=refused')).toEqual({ runs: ids.slice(0, 2), next: null });
  expect(await list('?domain=idle&machine=liveMigration')).toEqual({
    runs: ids.slice(2),
    next: null,
  });
  expect(await list('?status=unfinished')).toEqual({ runs: [], next: null });
});

test('an event is taken, or refused with what is allowed', async () => {
  const service = await served();
  const payload = {
    workflow: 'live-migration',
    input: { domain: 'busy', ...between, options: { postcopy: true } },
  };
  const { run } = (await create(service, payload)).json();
  const send = (event: object) =>
    service.app.inject({ method: 'POST', url: `/v1/runs/${run}/events`, payload: event });
  const early = await send({ type: 'postcopy.recover' });
  expect(early.statusCode).toBe(409);
  expect(early.json()).toMatchObject({
    code: 'notAllowed',
    allowed: expect.arrayContaining(['abort.requested']),
  });
  const aborted = await send({ type: 'abort.requested' });
  expect(aborted.statusCode).toBe(200);
  expect(aborted.json()).toMatchObject({ answer: 'accepted' });
  const events = readEvents(await finished(service, run));
  expect(events.at(-1)?.data).toMatchObject({ run: { outcome: 'rolledBack' } });
  expect((await send({ type: 'abort.requested' })).statusCode).toBe(409);
  expect((await send({ type: 'domain.stopped' })).statusCode).toBe(422);
  const nobody = { method: 'POST', url: '/v1/runs/nobody/events' } as const;
  const unknown = await service.app.inject({ ...nobody, payload: { type: 'abort.requested' } });
  expect(unknown.statusCode).toBe(404);
});

test('a domain that another run holds is a conflict, or is waited for', async () => {
  const service = await served();
  const { run } = (await create(service, migrationOf('busy'))).json();
  const busy = await create(service, migrationOf('busy'));
  expect(busy.statusCode).toBe(409);
  expect(busy.json()).toMatchObject({
    code: 'busy',
    holders: [run],
    detail: expect.stringMatching(
      /^domain busy on simulated:\/\/\/hostA is taken: .* with waitMs /,
    ),
  });
  const late = await create(service, { ...migrationOf('busy'), waitMs: 50 });
  expect(late.statusCode).toBe(409);
  const waiting = create(service, { ...migrationOf('busy'), waitMs: 60_000 });
  const abort = { method: 'POST', url: `/v1/runs/${run}/events` } as const;
  await service.app.inject({ ...abort, payload: { type: 'abort.requested' } });
  expect((await waiting).statusCode).toBe(201);
});

test('a key starts one run, also after a restart', async () => {
  const place = join(scratchDirectory(), 'runs.db');
  const first = await served({ place });
  const key = { 'idempotency-key': 'order 66' };
  const [one, two] = await Promise.all([
    create(first, migrationOf('idle'), key),
    create(first, migrationOf('idle'), key),
  ]);
  expect(new Set([one.statusCode, two.statusCode])).toEqual(new Set([200, 201]));
  expect(two.json().run).toBe(one.json().run);
  const other = await create(first, migrationOf('demo'), key);
  expect(other.statusCode).toBe(422);
  expect(other.json().code).toBe('idempotencyKeyReused');
  await first.end();

  const second = await served({ place });
  const again = await create(second, migrationOf('idle'), key);
  expect(again.statusCode).toBe(200);
  expect(again.json().run).toBe(one.json().run);
  expect((await create(second, migrationOf('demo'), key)).statusCode).toBe(422);
  expect((await second.store.list()).length).toBe(1);
});

test('a key that reaches two processes at once starts one run, which keeps its domain', async () => {
  const place = join(scratchDirectory(), 'runs.db');
  const both = [await served({ place }), await served({ place })];
  const key = { 'idempotency-key': 'order 67' };
  const broken: string[] = [];
  for (const { engine } of both) engine.on('run.broken', ({ runId }) => broken.push(runId));
  const answers = await Promise.all(both.map((one) => create(one, migrationOf('busy'), key)));
  expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([200, 201]));
  expect(new Set(answers.map((answer) => answer.json().run)).size).toBe(1);
  for (const one of both) {
    expect((await create(one, migrationOf('busy'))).json()).toMatchObject({ code: 'busy' });
    expect(await one.store.list()).toHaveLength(1);
    // Who came second has begun nothing, so nothing of it has broken.
    expect((await one.app.inject('/metrics')).body).not.toContain('outcome="broken"');
  }
  expect(broken).toEqual([]);
});

test('checks are judged and nothing is touched', async () => {
  const service = await served();
  const check = (payload: object) =>
    service.app.inject({ method: 'POST', url: '/v1/checks', payload });
  const good = (await check(migrationOf('idle'))).json();
  expect(good).toMatchObject({ ok: true, foretold: null });
  const bad = (await check(migrationOf('nobody'))).json();
  expect(bad.ok).toBe(false);
  expect(bad.checks[0]).toMatchObject({ check: 'domainExists', ok: false });
  const nowhere = { domain: 'idle', ...between, source: 'simulated:///hostX' };
  const unreachable = await check({ workflow: 'live-migration', input: nowhere });
  expect(unreachable.statusCode).toBe(502);
  expect(await service.store.list()).toEqual([]);
});

test('names and defaults of the configuration are filled in', async () => {
  const hosts = { a: { uri: between.source }, b: { uri: between.destination } };
  const workflows = { 'live-migration': { source: 'a', options: { unsafe: true } } };
  const config = { ...noConfig, hosts, defaults: { commands: {}, workflows } };
  const service = await served({ config });
  const input = { domain: 'demo', destination: 'b', options: { keepSource: true } };
  const payload = { workflow: 'live-migration', input };
  const check = await service.app.inject({ method: 'POST', url: '/v1/checks', payload });
  expect(check.json()).toMatchObject({ ok: true });
  const wrong = { ...payload, input: { ...input, destination: 'bb' } };
  const refused = await service.app.inject({ method: 'POST', url: '/v1/checks', payload: wrong });
  expect(refused.json().errors[0]).toEqual({
    path: '/input/destination',
    message: expect.stringContaining('did you mean b?'),
  });
});

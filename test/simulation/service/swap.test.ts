import { expect, test } from 'vitest';

import { runDetailsShape, runShape } from '../../../src/service/shapes.ts';
import type { Served } from '../../support/served.ts';
import { readEvents, served } from '../../support/served.ts';

const source = (path: string) => ({ kind: 'file', path });
const swapTo = (path: string, more: object = {}) => ({
  workflow: 'volume-swap',
  input: {
    domain: 'demo',
    host: 'simulated:///hostA',
    disks: [{ targetDev: 'vda', to: { source: source(path), format: 'qcow2' }, create: true }],
    ...more,
  },
});

const post = (service: Served, url: string, payload: object) =>
  service.app.inject({ method: 'POST', url, payload });

/** A swap that keeps both volumes, when it waits for a decision. */
async function waiting(service: Served): Promise<string> {
  const created = await post(
    service,
    '/v1/runs',
    swapTo('/backup/new.qcow2', { oldVolume: 'confirm' }),
  );
  expect(created.statusCode, created.body).toBe(201);
  const { run } = runShape.parse(created.json());
  const { promise, resolve } = Promise.withResolvers<void>();
  service.engine.on('state.entered', ({ tags }) => {
    if (tags.includes('awaitingConfirmation')) resolve();
  });
  await promise;
  return run;
}

async function ended(service: Served, run: string) {
  const { body } = await service.app.inject(`/v1/runs/${run}/events`);
  expect(readEvents(body).at(-1)).toMatchObject({ event: 'run.finished' });
  return runDetailsShape.parse((await service.app.inject(`/v1/runs/${run}`)).json());
}

test('a swap that waits is told what it may be sent, and is kept by confirm', async () => {
  const service = await served();
  const run = await waiting(service);
  const details = runDetailsShape.parse((await service.app.inject(`/v1/runs/${run}`)).json());
  expect(details).toMatchObject({
    outcome: null,
    allowed: ['confirm.requested', 'undo.requested'],
    tags: expect.arrayContaining(['awaitingConfirmation']),
  });
  const sent = await post(service, `/v1/runs/${run}/events`, { type: 'confirm.requested' });
  expect(sent.json()).toMatchObject({ answer: 'accepted' });
  expect(await ended(service, run)).toMatchObject({
    outcome: 'completed',
    artefacts: [
      { path: '/backup/new.qcow2', status: 'made' },
      { path: '/var/lib/libvirt/images/demo.img' },
    ],
  });
});

test('a swap that waits is undone, and the new volume goes', async () => {
  const service = await served();
  const run = await waiting(service);
  const sent = await post(service, `/v1/runs/${run}/events`, { type: 'undo.requested' });
  expect(sent.statusCode).toBe(200);
  const { artefacts, outcome } = await ended(service, run);
  expect({ artefacts, outcome }).toMatchObject({ outcome: 'rolledBack' });
});

test('a swap that does not wait takes no decision', async () => {
  const service = await served();
  const asked = swapTo('/backup/new.qcow2', { bandwidthMibPerS: 1 });
  const { promise: copies, resolve } = Promise.withResolvers<void>();
  service.engine.on('state.entered', ({ state }) => {
    if (state.endsWith('awaitingReady.waiting')) resolve();
  });
  const { run } = (await post(service, '/v1/runs', asked)).json();
  await copies;
  const sent = await post(service, `/v1/runs/${run}/events`, { type: 'confirm.requested' });
  expect(sent.statusCode).toBe(409);
  // Its machine takes news of the copy, too, but not from here.
  expect(sent.json()).toMatchObject({ code: 'notAllowed', allowed: ['abort.requested'] });
});

test('every check of a swap is judged without it', async () => {
  const service = await served();
  const { checks, ok } = (await post(service, '/v1/checks', swapTo('/nowhere/x'))).json();
  expect(ok).toBe(false);
  expect(checks).toContainEqual({
    check: 'destinationThere',
    ok: false,
    objection: expect.stringContaining('no directory for /nowhere/x'),
  });
});

test('a place that is none is told by its field', async () => {
  const service = await served();
  const disks = [{ targetDev: 'vda', to: { source: { kind: 'floppy' }, format: 'raw' } }];
  const refused = await post(service, '/v1/runs', swapTo('/a', { disks }));
  expect(refused.statusCode).toBe(422);
  expect(refused.json().errors[0]).toMatchObject({
    path: '/input/disks/0/to/source/kind',
    message: expect.stringContaining('file, block, nbd or rbd'),
  });
});

test('the OpenAPI document has the swap with its places', async () => {
  const { app } = await served();
  const document = (await app.inject('/v1/openapi.json')).json();
  const body = document.paths['/v1/runs'].post.requestBody.content['application/json'].schema;
  const swap = body.oneOf.find(({ title }: { title: string }) => title === 'volume-swap');
  expect(swap.properties.input.required).toEqual(['domain', 'host', 'disks']);
  const { to } = swap.properties.input.properties.disks.items.properties;
  const kinds = to.properties.source.oneOf.map(
    (one: { properties: { kind: { const: string } } }) => one.properties.kind.const,
  );
  expect(kinds).toEqual(['file', 'block', 'nbd', 'rbd']);
  const event =
    document.paths['/v1/runs/{id}/events'].post.requestBody.content['application/json'].schema;
  expect(JSON.stringify(event)).toContain('undo.requested');
});

test('an event that there is not is told with the nearest one', async () => {
  const service = await served();
  const refused = await post(service, '/v1/runs/some-run/events', { type: 'undo.request' });
  expect(refused.statusCode).toBe(422);
  expect(refused.json().errors[0].message).toMatch(
    /^is not known; there is abort\.requested, .*; did you mean undo\.requested\?$/,
  );
});

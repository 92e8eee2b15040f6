import { expect, test } from 'vitest';

import { runDetailsShape } from '../../../src/service/shapes.ts';
import { migrationOf, served } from '../../support/served.ts';

test('health and readiness, until it stops', async () => {
  const { app, stop } = await served();
  expect((await app.inject('/healthz')).json()).toEqual({ status: 'ok' });
  expect((await app.inject('/readyz')).json()).toEqual({ status: 'ok' });
  await stop();
});

test('a store that fails makes it unready, and is no bug', async () => {
  const { app, store } = await served();
  await store.close();
  const { statusCode, headers, body } = await app.inject('/readyz');
  expect(statusCode).toBe(503);
  expect(headers['content-type']).toBe('application/problem+json');
  expect(JSON.parse(body)).toMatchObject({ code: 'storeFailed' });
  expect((await app.inject('/healthz')).statusCode).toBe(200);
});

/** What a sample of the metrics says. */
function valueIn(metrics: string, sample: string): number {
  const line = metrics.split('\n').find((one) => one.startsWith(`${sample} `));
  return Number(line?.slice(sample.length + 1));
}

test('metrics tell of runs, states, effects, downtime, locks and the queue, each as it was', async () => {
  const { app } = await served();
  const begin = async (domain: string): Promise<string> => {
    const payload = migrationOf(domain);
    return (await app.inject({ method: 'POST', url: '/v1/runs', payload })).json().run;
  };
  const read = async (run: string) =>
    runDetailsShape.parse((await app.inject(`/v1/runs/${run}`)).json());
  const end = (run: string) => app.inject(`/v1/runs/${run}/events`);
  const moved = await begin('idle');
  await end(moved);
  await end(await begin('nobody'));
  const aborted = await begin('busy');
  const payload = { type: 'abort.requested' };
  await app.inject({ method: 'POST', url: `/v1/runs/${aborted}/events`, payload });
  await end(aborted);
  const held = await begin('busy');
  const { body, headers } = await app.inject('/metrics');

  expect(headers['content-type']).toContain('text/plain');
  const value = (name: string): number => valueIn(body, `virtstate_${name}`);
  expect(value('runs_started_total{machine="liveMigration"}')).toBe(4);
  for (const outcome of ['completed', 'refused', 'rolledBack']) {
    const sample = `runs_finished_total{machine="liveMigration",outcome="${outcome}"}`;
    expect(value(sample), outcome).toBe(1);
  }
  expect(value('runs_unfinished{machine="liveMigration",driven="yes"}')).toBe(1);
  expect(value('locks_held')).toBe((await read(held)).locks.length);
  expect(value('queue_length')).toBe(0);
  expect(value('event_followers')).toBe(0);

  const downtimeMs = (await read(moved)).downtimeMs ?? Number.NaN;
  expect(downtimeMs).toBeGreaterThan(0);
  expect((await read(held)).downtimeMs).toBeNull();
  expect(value('downtime_seconds_count')).toBe(1);
  expect(value('downtime_seconds_sum')).toBeCloseTo(downtimeMs / 1_000, 6);

  expect(
    value('http_request_duration_seconds_count{method="POST",route="/v1/runs",status="201"}'),
  ).toBe(4);
  expect(valueIn(body, 'process_cpu_seconds_total')).toBeGreaterThan(0);
});

test('how long a state and an effect took is what the log of their run says', async () => {
  const { app } = await served();
  const payload = migrationOf('idle');
  const { run } = (await app.inject({ method: 'POST', url: '/v1/runs', payload })).json();
  await app.inject(`/v1/runs/${run}/events`);
  const { path } = runDetailsShape.parse((await app.inject(`/v1/runs/${run}`)).json());
  const { body } = await app.inject('/metrics');
  const of = 'machine="liveMigration"';
  const own = path.filter(({ machine }) => machine === 'liveMigration');
  const entered = own.flatMap((step) => step.entered);
  for (const state of ['gathering', 'claiming']) {
    const at = entered.findIndex((one) => one.state === state);
    const stayS = ((entered[at + 1]?.at ?? Number.NaN) - (entered[at]?.at ?? 0)) / 1_000;
    const sample = (what: string) =>
      `virtstate_state_duration_seconds_${what}{${of},state="${state}"}`;
    expect(valueIn(body, sample('count')), state).toBe(1);
    expect(valueIn(body, sample('sum')), state).toBeCloseTo(stayS, 6);
  }
  // It begins when the run's beginning is on record, and is over a little before that is.
  const [begun, gathered] = own;
  const mostS = ((gathered?.at ?? Number.NaN) - (begun?.at ?? 0)) / 1_000;
  const effect = (what: string, result: string) =>
    valueIn(
      body,
      `virtstate_effect_duration_seconds_${what}{${of},src="gatherFacts",result="${result}"}`,
    );
  expect(effect('count', 'finished')).toBe(1);
  expect(effect('sum', 'finished')).toBeLessThanOrEqual(mostS + 1e-9);
  expect(effect('sum', 'finished')).toBeGreaterThan(0);
  expect(effect('count', 'failed')).toBeNaN();
});

test('the OpenAPI document has every route with the fields of its requests', async () => {
  const { app, routes } = await served();
  const document = (await app.inject('/v1/openapi.json')).json();
  expect(document.openapi).toBe('3.1.0');
  for (const { method, path } of routes) {
    const named = path.replaceAll(/:(\w+)/g, '{$1}');
    expect(document.paths[named]?.[method.toLowerCase()]?.operationId, path).toBeDefined();
  }
  const body = document.paths['/v1/runs'].post.requestBody.content['application/json'].schema;
  const migration = body.oneOf.find(({ title }: { title: string }) => title === 'live-migration');
  expect(migration.properties.workflow).toEqual({ const: 'live-migration' });
  expect(migration.properties.input.properties.domain.description).toContain('Name or uuid');
  expect(migration.properties.input.required).toEqual(['domain', 'source', 'destination']);
});

test('every reference of the OpenAPI document leads to something in it', async () => {
  const { app } = await served();
  const { body } = await app.inject('/v1/openapi.json');
  const document = JSON.parse(body);
  const references = new Set([...body.matchAll(/"\$ref":"([^"]*)"/g)].map(([, to = '']) => to));
  expect(references.size).toBeGreaterThan(5);
  for (const reference of references) {
    expect(reference).toMatch(/^#\/components\/schemas\/\w+$/);
    expect(document.components.schemas[reference.split('/').at(-1) ?? ''], reference).toBeDefined();
  }
  expect(body).not.toContain('$defs');
});

test('every workflow can be started by its name', async () => {
  const { app } = await served();
  const { machines } = (await app.inject('/v1/machines')).json();
  expect(machines.map(({ workflow }: { workflow: string }) => workflow)).toContain('managed-save');
  for (const { workflow, machine, states } of machines) {
    expect(machine).toBe(
      workflow.replace(/-(.)/g, (_: string, letter: string) => letter.toUpperCase()),
    );
    expect(states).toBeGreaterThan(5);
  }
});

import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';

import { between, migrationOf, served } from '../../support/served.ts';

const json = { 'content-type': 'application/json' };

const cases = [
  ['an unknown path', { method: 'GET', url: '/nothing' }, 404, 'notFound'],
  ['an unknown run', { method: 'GET', url: '/v1/runs/nobody' }, 404, 'noRun'],
  ['the events of an unknown run', { method: 'GET', url: '/v1/runs/nobody/events' }, 404, 'noRun'],
  ['another method', { method: 'DELETE', url: '/v1/runs' }, 405, 'method'],
  ['the head of a stream', { method: 'HEAD', url: '/v1/runs/a/events' }, 405, null],
  [
    'a body that is too large',
    { method: 'POST', url: '/v1/runs', headers: json, payload: 'x'.repeat(70_000) },
    413,
    'tooLarge',
  ],
  [
    'a form',
    {
      method: 'POST',
      url: '/v1/runs',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'a=b',
    },
    415,
    'mediaType',
  ],
  [
    'plain text',
    { method: 'POST', url: '/v1/checks', headers: { 'content-type': 'text/plain' }, payload: '{}' },
    415,
    'mediaType',
  ],
  ['no body', { method: 'POST', url: '/v1/runs' }, 415, 'mediaType'],
  [
    'what is no JSON',
    { method: 'POST', url: '/v1/runs', headers: json, payload: '{' },
    400,
    'badRequest',
  ],
  [
    'a prototype',
    { method: 'POST', url: '/v1/runs', headers: json, payload: '{"__proto__":{}}' },
    400,
    'badRequest',
  ],
  [
    'an empty body',
    { method: 'POST', url: '/v1/runs', headers: json, payload: '' },
    400,
    'badRequest',
  ],
  [
    'an unknown field',
    { method: 'POST', url: '/v1/runs', payload: { ...migrationOf('idle'), on: 1 } },
    422,
    'invalid',
  ],
  ['a wrong query', { method: 'GET', url: '/v1/runs?limit=0' }, 422, 'invalid'],
  ['an unknown query', { method: 'GET', url: '/v1/runs?limti=1' }, 422, 'invalid'],
  [
    'a wrong Last-Event-ID',
    { method: 'GET', url: '/v1/runs/a/events', headers: { 'last-event-id': 'x' } },
    422,
    'invalid',
  ],
  [
    'a wrong key',
    {
      method: 'POST',
      url: '/v1/runs',
      payload: migrationOf('idle'),
      headers: { 'idempotency-key': 'ü' },
    },
    422,
    'invalid',
  ],
  [
    'a page of another origin',
    { method: 'GET', url: '/v1/runs', headers: { origin: 'http://evil.example' } },
    403,
    'origin',
  ],
  [
    'a request across sites',
    {
      method: 'POST',
      url: '/v1/runs',
      payload: migrationOf('idle'),
      headers: { 'sec-fetch-site': 'cross-site' },
    },
    403,
    'origin',
  ],
  [
    'a name that leads here',
    { method: 'GET', url: '/v1/runs', headers: { host: 'evil.example' } },
    421,
    'host',
  ],
  ['a broken escape', { method: 'GET', url: '/v1/runs/%zz' }, 400, 'badRequest'],
] as const;

test.each(cases)('%s is told as a problem', async (_, asked, status, code) => {
  const { app, store } = await served();
  const { statusCode, headers, body } = await app.inject({ ...asked });
  expect(statusCode).toBe(status);
  expect(headers['content-type']).toBe('application/problem+json');
  if (code !== null)
    expect(JSON.parse(body)).toMatchObject({ status, code, detail: expect.any(String) });
  expect(await store.list()).toEqual([]);
});

test('a method that is not taken is told with those that are', async () => {
  const { app } = await served();
  const { headers } = await app.inject({ method: 'PUT', url: '/v1/runs/a/events' });
  expect(headers.allow).toBe('POST, GET');
});

test('the id of a machine is told with the nearest one', async () => {
  const { app } = await served();
  const { body } = await app.inject('/v1/machines/volume-swap/chart');
  expect(JSON.parse(body)).toMatchObject({
    code: 'noMachine',
    detail: 'there is no machine of that id; did you mean volumeSwap?',
  });
});

test('every field that is wrong is told by its place', async () => {
  const { app } = await served();
  const input = {
    ...between,
    domain: 'a/b',
    options: { parallelConnections: 0, copyDisks: ['vda', '../x'] },
    convergence: { budget: { baseMs: 0, msPerGib: 0 } },
    sourc: 1,
  };
  const payload = { workflow: 'live-migration', input };
  const { errors } = (await app.inject({ method: 'POST', url: '/v1/runs', payload })).json();
  const paths = errors.map(({ path }: { path: string }) => path);
  expect(paths).toEqual(
    expect.arrayContaining([
      '/input',
      '/input/domain',
      '/input/options/parallelConnections',
      '/input/options/copyDisks/1',
      '/input/convergence/budget',
    ]),
  );
});

test('options that do not go together are told before anything is started', async () => {
  const { app, store } = await served();
  const input = { domain: 'idle', ...between, options: { tunnelled: true, postcopy: true } };
  const payload = { workflow: 'live-migration', input };
  const refused = await app.inject({ method: 'POST', url: '/v1/runs', payload });
  expect(refused.statusCode).toBe(422);
  expect(refused.json().errors[0].path).toBe('/input/options');
  expect(await store.list()).toEqual([]);
});

test('too many requests are told when to come back; health is not counted', async () => {
  const { app } = await served({ requestsPerMinute: 2 });
  const statuses: number[] = [];
  for (let count = 0; count < 3; count += 1)
    statuses.push((await app.inject('/v1/machines')).statusCode);
  expect(statuses).toEqual([200, 200, 429]);
  const refused = await app.inject('/nothing');
  expect(refused.statusCode).toBe(429);
  expect(refused.headers['content-type']).toBe('application/problem+json');
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
  expect((await app.inject('/healthz')).statusCode).toBe(200);
});

test('whoever guesses tokens is counted, and so is what is refused for its origin', async () => {
  const tokens = [{ name: 'a', role: 'read', secret: 'a-token-of-some-length' }] as const;
  const { app } = await served({ requestsPerMinute: 2, tokens });
  const headers = { authorization: 'Bearer a-token-of-some-lengtt' };
  const statuses = [];
  for (let count = 0; count < 3; count += 1)
    statuses.push((await app.inject({ url: '/v1/machines', headers })).statusCode);
  statuses.push((await app.inject({ url: '/v1/runs', headers: { origin: 'null' } })).statusCode);
  expect(statuses).toEqual([401, 401, 429, 429]);
});

test.each([
  ['no HTTP', 'hello\r\n\r\n', '400'],
  [
    'a head that is too large',
    `GET / HTTP/1.1\r\nhost: a\r\nx: ${'x'.repeat(40_000)}\r\n\r\n`,
    '431',
  ],
])('%s is told as a problem, too', async (_, text, status) => {
  const { app } = await served();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.on('error', () => undefined);
  socket.write(text);
  await once(socket, 'close');
  expect(answer).toContain(`HTTP/1.1 ${status} `);
  expect(answer).toContain('content-type: application/problem+json');
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status: Number(status) });
});

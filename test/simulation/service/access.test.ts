import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { CertificateAuthority } from '../../../packages/node-libvirt/test/certificates.ts';
import type { Log } from '../../../src/ports/log.ts';
import type { ServiceToken } from '../../../src/service/index.ts';
import { isLoopback } from '../../../src/service/index.ts';
import { between, migrationOf, scratchDirectory, served } from '../../support/served.ts';

const tokens: readonly ServiceToken[] = [
  { name: 'watcher', role: 'read', secret: 'the-watcher-may-look' },
  { name: 'operator', role: 'operate', secret: 'the-operator-may-do' },
];
const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` });
const start = { method: 'POST', url: '/v1/runs', payload: migrationOf('idle') } as const;

test.each([
  ['none', {}],
  ['a wrong one', bearer('the-operator-may-doo')],
  ['the beginning of one', bearer('the-operator')],
  ['an empty one', { authorization: 'Bearer ' }],
  ['another scheme', { authorization: 'Basic dGhlOm9wZXJhdG9y' }],
  ['one in a cookie', { cookie: 'token=the-operator-may-do' }],
])('with the token: %s nothing is shown and nothing begins', async (_, headers) => {
  const { app, routes, store } = await served({ tokens });
  for (const { method, path, role } of routes) {
    const url = path.replace(':id', 'a');
    const answer = await app.inject({
      method,
      url,
      headers,
      ...(method === 'POST' ? { payload: {} } : {}),
    });
    expect(answer.statusCode, path).toBe(role === 'open' ? 200 : 401);
    if (role !== 'open') expect(answer.headers['www-authenticate']).toContain('Bearer');
  }
  expect((await app.inject({ url: '/nothing', headers })).statusCode).toBe(401);
  expect((await app.inject({ ...start, headers })).statusCode).toBe(401);
  expect(await store.list()).toEqual([]);
});

test('the role read looks, and changes nothing', async () => {
  const { app, routes, store } = await served({ tokens });
  const headers = bearer('the-watcher-may-look');
  expect((await app.inject({ url: '/v1/runs', headers })).statusCode).toBe(200);
  for (const { method, path, role } of routes) {
    if (role !== 'operate') continue;
    const asked = { method, url: path.replace(':id', 'a'), headers, payload: {} };
    const refused = await app.inject(asked);
    expect(refused.statusCode).toBe(403);
    expect(refused.json().code).toBe('role');
  }
  expect(await store.list()).toEqual([]);
});

test('the role operate starts, and a key is that of its token', async () => {
  const { app } = await served({
    tokens: [...tokens, { name: 'other', role: 'operate', secret: 'another-operator' }],
  });
  const key = { 'idempotency-key': 'k' };
  const one = await app.inject({ ...start, headers: { ...bearer('the-operator-may-do'), ...key } });
  expect(one.statusCode).toBe(201);
  const url = `/v1/runs/${one.json().run}/events`;
  await app.inject({ url, headers: bearer('the-watcher-may-look') });
  const two = await app.inject({ ...start, headers: { ...bearer('another-operator'), ...key } });
  expect(two.statusCode).toBe(201);
  expect(two.json().run).not.toBe(one.json().run);
});

test('over TLS, with a token, from a name that is not localhost', async () => {
  const directory = scratchDirectory();
  const ca = await CertificateAuthority.create(join(directory, 'ca'));
  const [cert, key] = [join(directory, 'cert.pem'), join(directory, 'key.pem')];
  await ca.issue(cert, key, { names: 'DNS:virtstate.example' });
  const tls = { certificate: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8') };
  const { app } = await served({ tokens, tls });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const get = async (headers: Record<string, string>): Promise<number | undefined> => {
    const own = { ...headers, host: 'virtstate.example' };
    const asked = request({
      host: '127.0.0.1',
      port,
      path: '/v1/runs',
      headers: own,
      ca: readFileSync(ca.path),
      agent: false,
    });
    asked.end();
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    response.resume();
    return response.statusCode;
  };
  expect(await get(bearer('the-watcher-may-look'))).toBe(200);
  expect(
    await get({ ...bearer('the-watcher-may-look'), origin: 'https://virtstate.example' }),
  ).toBe(200);
  expect(await get({ ...bearer('the-watcher-may-look'), origin: 'http://virtstate.example' })).toBe(
    403,
  );
  expect(await get({})).toBe(401);
});

test('a link on another page leads to the inspector, and to nothing that it shows', async () => {
  const { app } = await served({ tokens });
  const link = {
    ...bearer('the-watcher-may-look'),
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
  };
  const status = async (url: string, headers: Record<string, string>) =>
    (await app.inject({ url, headers })).statusCode;
  expect(await status('/', link)).toBe(200);
  expect(await status('/v1/runs', link)).toBe(403);
  expect(await status('/', { ...link, 'sec-fetch-mode': 'cors' })).toBe(403);
});

const secret = 'hunter2-in-the-xml';
const destinationXml = `<domain><name>idle</name><devices><graphics type="vnc" passwd="${secret}"/></devices></domain>`;

test.each([
  ['a definition', { destination: between.destination, options: { destinationXml } }, 201],
  ['a URI that a host is told', { options: { migrateUri: `tcp://u:${secret}@h` } }, 422],
  ['the parameters of a URI', { destination: `${between.destination}?password=${secret}` }, 201],
  ['a URI', { source: `qemu+tcp://u:${secret}@h/system` }, 422],
  ['a field that there is not', { [`password=${secret}`]: `passwd="${secret}"` }, 422],
])('a secret in %s is in no answer, no event and no log', async (_, more, status) => {
  const said: string[] = [];
  const note = (...words: unknown[]): void => void said.push(JSON.stringify(words));
  const log: Log = { error: note, warn: note, info: note, debug: note };
  const { app, routes } = await served({ log });
  const payload = {
    workflow: 'live-migration',
    input: { domain: 'idle', ...between, ...more },
  };
  const created = await app.inject({ ...start, payload });
  expect(created.statusCode, created.body).toBe(status);
  const answers = [created, await app.inject({ method: 'POST', url: '/v1/checks', payload })];
  const run = created.json().run ?? 'nobody';
  // To its end.
  await app.inject(`/v1/runs/${run}/events`);
  for (const { method, path } of routes)
    if (method === 'GET')
      answers.push(await app.inject(path.replace(':id', run).replace(':machine', 'liveMigration')));
  answers.push(await app.inject(`/v1/runs?x=${secret}`));
  for (const { body } of answers) expect(body).not.toContain(secret);
  const kept = (await app.inject(`/v1/runs/${run}/frames`)).body;
  expect(kept.includes('(kept secret)')).toBe(status === 201);
  expect(said.length).toBeGreaterThan(5);
  expect(said.join('\n')).not.toContain(secret);
});

test.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['::1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.evil.example', false],
  ['', false],
])('%s is loopback: %s', (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});

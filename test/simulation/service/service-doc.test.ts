import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

import { served } from '../../support/served.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs/service.md'), 'utf8');
const run = promisify(execFile);

test('docs/service.md has every route with its role, and no other', async () => {
  const { routes } = await served();
  const rows = [...page.matchAll(/^\| `(GET|POST) (\S+)` +\| (\w+) +\|/gm)];
  const told = rows.map(([, method, path, role]) => `${method} ${path} ${role}`).toSorted();
  const there = routes.map(({ method, path, role }) => `${method} ${path} ${role}`).toSorted();
  expect(told).toEqual(there);
});

test('docs/service.md has every metric', async () => {
  const { app } = await served();
  const { body } = await app.inject('/metrics');
  const names = [...body.matchAll(/^# TYPE (virtstate_\w+)/gm)].map(([, name]) => name);
  expect(names.length).toBeGreaterThan(8);
  for (const name of names) expect(page).toContain(`\`${name}\``);
});

test('the commands of docs/service.md work as they stand there', { timeout: 30_000 }, async () => {
  const { app, engine } = await served();
  const { promise: waits, resolve } = Promise.withResolvers<string>();
  engine.on('state.entered', ({ rootRunId, tags }) => {
    if (tags.includes('awaitingConfirmation')) resolve(rootRunId);
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const [, script = ''] = /<!-- example: service -->\n\n```sh\n([^`]*)```/.exec(page) ?? [];
  const at = script.indexOf('\ncurl -sf localhost:7480/v1/runs/RUN');
  expect(at).toBeGreaterThan(0);
  const here = (text: string) =>
    run('sh', ['-euc', text.replaceAll('localhost:7480', `127.0.0.1:${port}`)]);
  const { stdout: begun } = await here(script.slice(0, at));
  expect(begun).toContain('"machine":"liveMigration"');
  expect(begun).toContain('"machine":"volumeSwap"');
  const { stdout } = await here(script.slice(at).replaceAll('RUN', await waits));
  expect(stdout).toContain('"allowed":["confirm.requested","undo.requested"]');
  expect(stdout).toContain('confirm.requested was taken');
  expect(stdout).toContain('event: run.finished');
  expect(stdout).toContain('"ok":true');
});

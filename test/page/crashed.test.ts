import { join } from 'node:path';
import { expect, test } from 'vitest';

import { migrationOf, scratchDirectory } from '../support/served.ts';
import { Spawned } from '../unit/cli/spawned.ts';
import { keepPictures, openPage, useBrowser } from './browser.ts';
import { kill, listening, startAt } from './listening.ts';

useBrowser();

test('a run whose process was killed opens, in a process that drives nothing', async () => {
  const store = ['--store', join(scratchDirectory(), 'runs.db')];
  const first = await listening(['serve', ...store]);
  const run = await startAt(first.url, migrationOf('busy'));
  const live = await openPage(first.url);
  await live.goto(`${first.url}/#/runs/${run}`);
  await live.locator('.lit[data-state$="perform3.precopying"]').waitFor();

  const reading = await listening(['inspect', ...store]);
  const page = await openPage(reading.url);
  await page.goto(`${reading.url}/#/runs/${run}?tab=effects`);
  await page.locator('.mark', { hasText: 'running' }).waitFor();
  await kill(first);

  await page.locator('.mark', { hasText: 'nobody drives it' }).waitFor();
  await page.getByText(`virtstate recover ${run} takes it up`).waitFor();
  await page.getByText('until then the source daemon goes on by itself').waitFor();
  await page.locator('.lit[data-state$="perform3.precopying"]').waitFor();
  await page.getByText('performMigration', { exact: true }).waitFor();
  await page.locator('.effects .call', { hasText: 'virDomainMigrateToURI3' }).waitFor();
  expect(await page.locator('[data-command]').count()).toBe(0);
  await keepPictures(page, 'crashed');
  // It only reads: not even the routes are there.
  const url = `${reading.url}/v1/runs/${run}/events`;
  const headers = { 'content-type': 'application/json' };
  const abort = JSON.stringify({ type: 'abort.requested' });
  expect((await fetch(url, { method: 'POST', headers, body: abort })).status).toBe(405);

  reading.spawned.process.kill('SIGTERM');
  expect((await reading.spawned.ended()).status).toBe(0);
});

test('a run goes on before the eyes of whoever watches it, over a restart of its service', async () => {
  const store = ['--store', join(scratchDirectory(), 'runs.db')];
  const first = await listening(['serve', ...store]);
  const run = await startAt(first.url, migrationOf('busy'));
  const page = await openPage(first.url);
  await page.goto(`${first.url}/#/runs/${run}`);
  await page.locator('.lit[data-state$="perform3.precopying"]').waitFor();
  await kill(first);
  await page.locator('#trouble', { hasText: 'the service does not answer' }).waitFor();

  const goesOn = page.waitForRequest(
    (request) =>
      request.url().endsWith('/frames') && Number(request.headers()['last-event-id']) > 5,
  );
  const { port } = new URL(first.url);
  await listening(['serve', ...store], port);
  await goesOn;
  // The simulated world began anew: the guest was never moved.
  await page.locator('.mark', { hasText: /rolled back|needs operator/ }).waitFor();
  await expect.poll(() => page.locator('#trouble').textContent()).toBe('');
});

test('without a store there is nothing to inspect', async () => {
  const { status, stderr } = await new Spawned(['inspect']).ended();
  expect(status).toBe(2);
  expect(stderr).toContain('there is no store at');
});

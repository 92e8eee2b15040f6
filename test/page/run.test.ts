import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { between } from '../support/served.ts';
import { keepPictures, opened, useBrowser } from './browser.ts';
import { expectFollowed, expectReplay, recordLit, standingsOf } from './standings.ts';

useBrowser();

const demo = { domain: 'demo', ...between, options: { copyStorage: 'all' } };
const precopying = '.lit[data-state="peer2peerMigration.migrating.phases.perform3.precopying"]';

const untilSaid = (page: Page, words: string) =>
  page.locator('.mark', { hasText: words }).first().waitFor();

test('the lit states follow the run, and a replay shows what happened', async () => {
  const { go, page, start, store } = await opened();
  const seen = await recordLit(page);
  const run = await start('live-migration', demo);
  await go(`#/runs/${run}`);
  await page.locator(precopying).waitFor();
  await page.locator('.bar', { hasText: 'memory' }).getByText('/s').waitFor();
  await keepPictures(page, 'running');
  await untilSaid(page, 'completed');
  await page.locator('.lit[data-state="liveMigration.completed"]').waitFor();
  // What was told last is not what is left now that it is over.
  await expect.poll(() => page.locator('.bar').allTextContents()).toHaveLength(2);
  for (const bar of await page.locator('.bar').allTextContents())
    expect(bar).toMatch(/^(?:vda|memory)[\d.]+ \wiB sent$/);

  for (const place of ['.path [aria-current]', '.paper-roll .lit'])
    await expect.poll(() => isInSight(page, place), { message: place }).toBe(true);

  const standings = await standingsOf(store, run);
  expectFollowed(await seen(), standings);
  await expectReplay(page, standings);
});

/** Without scrolling the page, or what holds it there. */
const isInSight = (page: Page, place: string) =>
  page.evaluate(`(() => {
    const place = document.querySelector(${JSON.stringify(place)});
    const holder = place?.closest('[role=tabpanel], .paper-roll').getBoundingClientRect();
    const { bottom = Infinity, top = 0 } = place?.getBoundingClientRect() ?? {};
    return top >= holder?.top - 1 && bottom <= Math.min(holder?.bottom, innerHeight) + 1;
  })()`);

test('the chart to which the run returns is there before it does', async () => {
  const { go, page, start } = await opened();
  await go(`#/runs/${await start('live-migration', { domain: 'busy', ...between })}`);
  await page.locator(precopying).waitFor();
  const parent = page.waitForResponse(/\/machines\/liveMigration\/chart\/drawing$/);
  await page.reload();
  expect((await parent).status()).toBe(200);
  await page.locator(precopying).waitFor();
});

test('a link leads to the same step, and a run can be taken along', async () => {
  const { go, page, start, store } = await opened();
  const run = await start('live-migration', { domain: 'idle', ...between });
  await go(`#/runs/${run}`);
  await untilSaid(page, 'completed');
  const steps = (await store.journal(run))?.length ?? 0;
  await go(`#/runs/${run}?step=3&tab=context`);
  await page.locator('output', { hasText: `step 3 of ${steps},` }).waitFor();
  await page.getByRole('row', { name: /^claim / }).waitFor();
  await page.getByRole('tab', { name: 'Sequence' }).click();
  await page.locator('.said.call', { hasText: 'virDomainMigrateToURI3' }).waitFor();
  expect(page.url()).toContain('step=3&tab=sequence');

  const json = await fileOf(page, 'Save as JSON');
  const saved: { run: { outcome: string }; steps: { seq: number }[] } = JSON.parse(json);
  expect(saved.run.outcome).toBe('completed');
  expect(saved.steps.map(({ seq }) => seq)).toEqual(saved.steps.map((_, at) => at + 1));
  expect(saved.steps).toHaveLength(steps);
  const svg = await fileOf(page, 'Save the chart as SVG');
  // The picture is too long to be shown.
  expect(/<g class="state[\w ]* lit[ "]/.test(svg)).toBe(true);
  expect(/\.lit (?:>|&gt;) \.box/.test(svg)).toBe(true);
});

async function fileOf(page: Page, name: string): Promise<string> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name }).click(),
  ]);
  return readFile(await download.path(), 'utf8');
}

test('the timeline shows when the guest stood still', async () => {
  const { go, page, start, store } = await opened();
  const run = await start('live-migration', { domain: 'idle', ...between });
  await go(`#/runs/${run}?tab=timeline`);
  await untilSaid(page, 'completed');
  await page.locator('.stay[data-path="migrating.phases.perform3.switchingOver"]').waitFor();
  const told = await page.locator('.legend [data-kind=down]').textContent();
  const [, spent = '', unit = ''] = /still for ([\d.]+) (m?s)/.exec(told ?? '') ?? [];
  const [root] = await store.family(run);
  const snapshot = root?.record.snapshot as { context: { report: { downtimeMs: number } } };
  // Whoever looks elsewhere is told, too, and between which hosts it went.
  await page.locator('.head > .facts', { hasText: `stood stillfor ${spent} ${unit}` }).waitFor();
  await page
    .locator('.head > .facts', { hasText: `from${between.source}to${between.destination}` })
    .waitFor();
  const spentMs = Number(spent) * (unit === 's' ? 1_000 : 1);
  expect(Math.abs(spentMs - snapshot.context.report.downtimeMs)).toBeLessThan(10);
});

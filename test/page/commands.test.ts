import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { between } from '../support/served.ts';
import { keepPictures, opened, useBrowser } from './browser.ts';

useBrowser();

const busy = { domain: 'busy', ...between };
const button = (page: Page, name: string) => page.getByRole('button', { name, exact: true });

test('an abort from the page rolls the guest back', async () => {
  const { go, page, start, store } = await opened();
  const run = await start('live-migration', busy);
  await go(`#/runs/${run}`);
  await page.locator('.lit[data-state$="precopying"]').waitFor();
  await button(page, 'Abort').click();
  const dialog = page.getByRole('dialog', { name: 'Abort' });
  await dialog.getByText('leave the guest as it was').waitFor();
  await keepPictures(page, 'question');
  // Whoever goes back has asked for nothing.
  await button(page, 'Go back').click();
  expect((await store.journal(run))?.map(({ event }) => event.type)).not.toContain(
    'abort.requested',
  );
  await button(page, 'Abort').click();
  await dialog.getByRole('button', { name: 'Abort' }).click();
  await page.locator('.mark', { hasText: 'rolled back' }).waitFor();
  expect(await store.summary(run)).toMatchObject({ outcome: 'rolledBack' });
  await expect.poll(() => page.locator('.commands button').count()).toBe(0);
  // Said once, though the machine at work heard of it from the one that was told.
  expect(await page.locator('.path li', { hasText: 'abort.requested' }).count()).toBe(1);
});

test('there is a button for what the machine takes now, and for nothing else', async () => {
  const { app, go, page, start, store } = await opened();
  const run = await start('live-migration', busy);
  await go(`#/runs/${run}`);
  await page.locator('.lit[data-state$="precopying"]').waitFor();
  await button(page, 'Set downtime').waitFor();
  const { allowed } = (await app.inject(`/v1/runs/${run}`)).json();
  const offered = await page
    .locator('[data-command]')
    .evaluateAll((all) => all.map((one) => one.getAttribute('data-command')));
  expect(offered).toEqual(allowed);
  await button(page, 'Set downtime').click();
  await page.getByLabel('Milliseconds').fill('450');
  await page.getByRole('dialog').getByRole('button', { name: 'Set downtime' }).click();
  await page.getByText('downtime.set was taken').waitFor();
  const events = (await store.journal(run))?.map(({ event }) => event);
  expect(events).toContainEqual({ type: 'downtime.set', downtimeMs: 450 });
});

test('everything can be done by the keyboard alone', async () => {
  const { go, page, start, store } = await opened();
  const run = await start('live-migration', busy);
  await go('');
  await page.locator(`tr[data-run="${run}"]`).waitFor();
  const press = (key: string) => page.keyboard.press(key);
  const focused = () => page.locator(':focus').first().textContent({ timeout: 2_000 });
  const tabTo = async (name: string): Promise<void> => {
    for (let count = 0; count < 40; count += 1) {
      await press('Tab');
      if ((await focused()) === name) return;
    }
    throw new Error(`the Tab key does not lead to ${name}`);
  };
  await tabTo('busy');
  await press('Enter');
  await page.locator('.lit[data-state$="precopying"]').waitFor();
  await tabTo('Path');
  for (const tab of ['Under way', 'Context', 'Sequence', 'Timeline']) {
    await press('ArrowRight');
    await expect.poll(focused).toBe(tab);
  }
  await press('Home');
  await page.locator('main h1').focus();
  await tabTo('Abort');
  await press('Enter');
  await expect.poll(focused).toBe('Go back');
  await press('Escape');
  await expect.poll(focused).toBe('Abort');
  await press('Enter');
  await press('Tab');
  await press('Enter');
  await page.locator('.mark', { hasText: 'rolled back' }).waitFor();
  expect(await store.summary(run)).toMatchObject({ outcome: 'rolledBack' });
});

test.each([
  ['Confirm', 'completed'],
  ['Undo', 'rolled back'],
] as const)('a swap that waits for a decision takes %s, once it is sure', async (name, ending) => {
  const { go, page, start } = await opened();
  const to = { source: { kind: 'file', path: '/backup/new.qcow2' }, format: 'qcow2' };
  const disks = [{ targetDev: 'vda', to, create: true }];
  const of = { domain: 'demo', host: 'simulated:///hostA' };
  const run = await start('volume-swap', { ...of, disks, oldVolume: 'confirm' });
  await go(`#/runs/${run}`);
  await button(page, name).click();
  await page.getByRole('dialog').getByRole('button', { name }).click();
  await page.locator('.mark', { hasText: ending }).waitFor();
});

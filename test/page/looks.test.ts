import type { Page } from 'playwright-core';
import { expect, test } from 'vitest';

import { between } from '../support/served.ts';
import { keepPictures, opened, useBrowser } from './browser.ts';

useBrowser();

const tabs = ['Path', 'Under way', 'Context', 'Sequence', 'Timeline'];

/** What a script of an attacker would leave behind. */
const injected = '<img src=x onerror="document.title=\'taken\'"><b id=injected>&amp;';

test('markup in the name of a domain stays text', async () => {
  const { go, page, start } = await opened();
  const run = await start('live-migration', { domain: injected, ...between });
  await go('');
  await page.getByRole('link', { name: injected }).click();
  await page.getByRole('heading', { name: injected }).waitFor();
  await page.locator('.mark', { hasText: 'refused' }).waitFor();
  for (const tab of tabs) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('tabpanel', { name: tab }).waitFor();
  }
  expect(await page.locator('#injected, img').count()).toBe(0);
  expect(await page.title()).toBe(`Run ${run} - virtstate`);
});

test('the page takes no markup from a text, and no inline script or style', async () => {
  const { app, go, page } = await opened();
  const { headers } = await app.inject('/');
  const policy = String(headers['content-security-policy']);
  expect(policy).not.toContain('unsafe');
  for (const words of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'"])
    expect(policy).toContain(words);
  await go('');
  await page.getByRole('heading', { name: 'Runs' }).waitFor();
  const refused = await page.evaluate(
    `(() => { try { document.body.innerHTML = '<b>x</b>'; return false; } catch { return true; } })()`,
  );
  expect(refused).toBe(true);
});

const fits = (page: Page) =>
  page.evaluate('document.documentElement.scrollWidth <= document.documentElement.clientWidth');

test.each([
  ['wide', 1_400],
  ['narrow', 320],
] as const)('it fits a page that is %s', async (name, width) => {
  const { go, page, start } = await opened({}, { viewport: { width, height: 900 } });
  const run = await start('live-migration', { domain: 'idle', ...between });
  await go('');
  await page.locator('tr[data-run]').waitFor();
  expect(await fits(page)).toBe(true);
  await keepPictures(page, `${name}-list`);
  await go(`#/runs/${run}`);
  await page.locator('.mark', { hasText: 'completed' }).waitFor();
  for (const tab of tabs) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('tabpanel', { name: tab }).waitFor();
    expect(await fits(page), tab).toBe(true);
    await keepPictures(page, `${name}-${tab.toLowerCase().replace(' ', '-')}`);
  }
});

const tokens = [
  { name: 'watcher', role: 'read', secret: 'the-watcher-may-look' },
  { name: 'operator', role: 'operate', secret: 'the-operator-may-do' },
] as const;

test('where a token is wanted the page asks for it, and offers what it allows', async () => {
  const { app, go, page } = await opened({ tokens });
  const headers = { authorization: 'Bearer the-operator-may-do' };
  const payload = { workflow: 'live-migration', input: { domain: 'busy', ...between } };
  const { run } = (await app.inject({ method: 'POST', url: '/v1/runs', headers, payload })).json();
  await go(`#/runs/${run}`);
  const field = page.getByLabel('Token of this service');
  const enter = async (secret: string): Promise<void> => {
    await field.fill(secret);
    await page.getByRole('button', { name: 'Go on' }).click();
  };
  await enter('no-such-token-at-all');
  await expect.poll(() => field.inputValue()).toBe('');
  await enter('the-watcher-may-look');
  await page.locator('.lit[data-state$="precopying"]').waitFor();
  expect(await page.locator('[data-command]').count()).toBe(0);
  await page.evaluate('sessionStorage.clear()');
  await page.reload();
  await enter('the-operator-may-do');
  await page.getByRole('button', { name: 'Abort' }).waitFor();
});

test('the list shows what is asked for, as its address says', async () => {
  const { go, page, start } = await opened();
  const [done, going] = [
    await start('live-migration', { domain: 'nobody', ...between }),
    await start('live-migration', { domain: 'busy', ...between }),
  ];
  const shown = () =>
    page
      .locator('tr[data-run]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-run')));
  await go('');
  await expect.poll(shown).toEqual([going, done]);
  await page.getByLabel('Status').selectOption('unfinished');
  await expect.poll(shown).toEqual([going]);
  expect(page.url()).toContain('#/runs?status=unfinished');
  await page.reload();
  await expect.poll(shown).toEqual([going]);
  await page.getByLabel('Status').selectOption('all');
  await page.getByLabel('Domain').fill('nobody');
  await page.keyboard.press('Enter');
  await expect.poll(shown).toEqual([done]);
});

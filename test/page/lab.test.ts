import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { expect, onTestFinished, test } from 'vitest';

import type { LabGuest } from '../../lab/index.ts';
import { openStore } from '../../src/cli/compose.ts';
import {
  expectAsBefore,
  expectMoved,
  expectTicksContinuous,
  useLab,
} from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { scratchDirectory } from '../support/served.ts';
import { keepPictures, openPage, useBrowser } from './browser.ts';
import { kill, listening, startAt } from './listening.ts';
import { expectFollowed, expectReplay, recordLit, standingsOf } from './standings.ts';

const there = { from: 'hostA', to: 'hostB' };
const markup = '<img src=x onerror="document.title=\'taken\'"><b id=injected>&amp;';
const said = (page: Page, words: string) => page.locator('.mark', { hasText: words }).waitFor();
const newStore = (): string => join(scratchDirectory(), 'runs.db');
const lit = (page: Page, state: string) =>
  page.locator(`.lit[data-state="peer2peerMigration.migrating.phases.${state}"]`).waitFor();

/** The daemons move the guest between themselves; the service listens outside of their networks. */
describeLab('the page of a service whose hosts are real', () => {
  useBrowser();
  const stage = useLab('page');

  const migrationOf = (guest: string) => ({
    workflow: 'live-migration',
    input: {
      domain: guest,
      source: stage.lab.host(there.from).uri,
      destination: stage.lab.host(there.to).uri,
      options: {
        copyStorage: 'all',
        destinationConnectUri: stage.lab.host(there.to).tcp,
      },
    },
  });

  /** So slow that it stays in the copies until the link is mended or it is ended. */
  const slowGuest = async (fill?: string): Promise<LabGuest> => {
    const guest = await stage.lab.guest('guest', { on: there.from, fill });
    await stage.lab.host(there.from).setRate('20mbit');
    return guest;
  };

  test('lights what the run does, and shows it again afterwards', async () => {
    const place = newStore();
    const [guest, { url }] = await Promise.all([
      slowGuest('8M'),
      listening(['serve', '--store', place]),
    ]);
    const [from] = stage.lab.hosts;
    // Real daemons keep it in the definition, and repeat it.
    await from?.virsh(['desc', guest.name, '--live', '--config', '--title', markup]);
    const page = await openPage(url);
    const seen = await recordLit(page);
    const run = await startAt(url, migrationOf(guest.name));
    await page.goto(`${url}/#/runs/${run}`);
    await lit(page, 'perform3.mirroring');
    await page.locator('.bar', { hasText: 'vda' }).getByText('/s').waitFor();
    await lit(page, 'perform3.precopying');
    await page.locator('.bar', { hasText: 'memory' }).getByText('/s').waitFor();
    await keepPictures(page, 'lab-running');
    await from?.clearLink();
    await said(page, 'completed');
    await page.locator('.lit[data-state="liveMigration.completed"]').waitFor();
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);

    const store = await openStore(place);
    onTestFinished(() => store.close());
    const standings = await standingsOf(store, run);
    expectFollowed(await seen(), standings);
    for (const tab of ['Sequence', 'Timeline', 'Path']) {
      await page.getByRole('tab', { name: tab }).click();
      await keepPictures(page, `lab-${tab.toLowerCase()}`);
    }
    await expectReplay(page, standings);
    expect(await page.locator('#injected, img').count()).toBe(0);
  });

  test('leaves the guest where it was when somebody aborts there', async () => {
    const [guest, { url }] = await Promise.all([
      slowGuest(),
      listening(['serve', '--store', newStore()]),
    ]);
    const before = await stage.lab.listing();
    const page = await openPage(url);
    const run = await startAt(url, migrationOf(guest.name));
    await page.goto(`${url}/#/runs/${run}`);
    await lit(page, 'perform3.precopying');
    await page.getByRole('button', { name: 'Abort', exact: true }).click();
    const dialog = page.getByRole('dialog', { name: 'Abort' });
    await dialog.getByRole('button', { name: 'Abort' }).click();
    await said(page, 'rolled back');
    await page.getByText('(abortRequested)').first().waitFor();
    await keepPictures(page, 'lab-aborted');
    const state = await stage.lab.host(there.from).virsh(['domstate', guest.name]);
    expect(state.trim()).toBe('running');
    await expectAsBefore(stage.lab, before);
    await expectTicksContinuous(guest);

    // What a daemon says of a name stays text, too.
    const other = await startAt(url, migrationOf(markup));
    await page.goto(`${url}/#/runs/${other}`);
    await page.getByRole('heading', { name: markup }).waitFor();
    await said(page, 'refused');
    expect(await page.locator('#injected, img').count()).toBe(0);
    expect(await page.title()).toBe(`Run ${other} - virtstate`);
  });

  test('shows a migration whose process was killed, and how another one ends it', async () => {
    const store = ['--store', newStore()];
    const [guest, first] = await Promise.all([slowGuest(), listening(['serve', ...store])]);
    const run = await startAt(first.url, migrationOf(guest.name));
    const page = await openPage(first.url);
    await page.goto(`${first.url}/#/runs/${run}`);
    const reads = listening(['inspect', ...store]);
    await lit(page, 'perform3.precopying');
    await kill(first);

    const reading = await reads;
    const reader = await openPage(reading.url);
    await reader.goto(`${reading.url}/#/runs/${run}?tab=effects`);
    await said(reader, 'nobody drives it');
    await lit(reader, 'perform3.precopying');
    await reader.locator('.effects .call', { hasText: 'virDomainMigrateToURI3' }).waitFor();
    expect(await reader.locator('[data-command]').count()).toBe(0);
    await keepPictures(reader, 'lab-crashed');

    await listening(['serve', ...store], new URL(first.url).port);
    await stage.lab.host(there.from).clearLink();
    // Whoever watched the one that died needs not do anything, either.
    for (const each of [page, reader]) await said(each, 'completed');
    await expect.poll(() => page.locator('#trouble').textContent()).toBe('');
    await expectMoved(stage.lab, guest, there);
    await expectTicksContinuous(guest);
  });
});

import type { Page } from 'playwright-core';
import { expect } from 'vitest';

import { allMachines } from '../../src/diagrams/index.ts';
import type { RunStore } from '../../src/ports/run-store.ts';

/** Where a family of runs stands: the chart of its innermost run at work, and what is lit there. */
export interface Standing {
  readonly machine: string;
  readonly lit: readonly string[];
}

const inOrder = (names: readonly string[]): string[] =>
  names.toSorted((one, other) => (one < other ? -1 : 1));

/** By the log alone: after each step, the ids of the states in which its run stands. */
export async function standingsOf(store: RunStore, run: string): Promise<Standing[]> {
  const family = await store.family(run);
  return ((await store.journal(run)) ?? []).map(({ runId, to }) => {
    const machine = family.find(({ record }) => record.id === runId)?.record.machine ?? '';
    const chart = [...allMachines().values()].find(({ id }) => id === machine);
    const lit = to.map((path) => {
      let node = chart?.root;
      for (const name of path.split('.')) node = node?.states[name];
      return node?.id ?? '';
    });
    return { machine, lit: inOrder(lit) };
  });
}

/** Ids of the states that are lit now. */
async function litStates(page: Page): Promise<string[]> {
  const lit = await page
    .locator('.paper-roll .lit[data-state]')
    .evaluateAll((all) => all.map((one) => one.getAttribute('data-state') ?? ''));
  return inOrder(lit);
}

/** Goes through a run with the slider, key by key: each step shows what the log has of it. */
export async function expectReplay(page: Page, standings: readonly Standing[]): Promise<void> {
  const slider = page.getByRole('slider', { name: 'Step of the run' });
  await slider.focus();
  await page.keyboard.press('Home');
  for (const [at, { lit, machine }] of standings.entries()) {
    await page.locator('output', { hasText: `step ${at + 1} of ${standings.length},` }).waitFor();
    if ((await page.locator('.tools [aria-pressed=true]').textContent()) !== machine)
      await page.getByRole('button', { name: machine, exact: true }).click();
    await expect.poll(() => litStates(page), { timeout: 20_000 }).toEqual(lit);
    await slider.focus();
    await page.keyboard.press('ArrowRight');
  }
}

/** Has the page write down what is lit, whenever that changes; before it is opened. */
export async function recordLit(page: Page): Promise<() => Promise<string[][]>> {
  await page.addInitScript(`
    globalThis.litThen = [];
    new MutationObserver(() => {
      const lit = [...document.querySelectorAll('.paper-roll .lit[data-state]')];
      const ids = lit.map((one) => one.getAttribute('data-state')).toSorted();
      const last = globalThis.litThen.at(-1) ?? [];
      if (ids.length > 0 && ids.join() !== last.join()) globalThis.litThen.push(ids);
    }).observe(document, { subtree: true, childList: true, attributeFilter: ['class'] });
  `);
  return () => page.evaluate('globalThis.litThen');
}

/** What was lit is what the log says, in its order; the page may pass over what lasted no time. */
export function expectFollowed(
  seen: readonly (readonly string[])[],
  standings: readonly Standing[],
): void {
  let at = 0;
  for (const lit of seen) {
    const found = standings.findIndex(
      (standing, place) => place >= at && standing.lit.join() === lit.join(),
    );
    expect(found, `after step ${at + 1} it never stood in ${lit.join(', ')}`).not.toBe(-1);
    at = found;
  }
  // It was there at the end, too.
  expect(seen.at(-1)).toEqual(standings.at(-1)?.lit);
}

import { existsSync, mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, onTestFinished } from 'vitest';

import { labMode } from '../support/lab-mode.ts';
import type { Served } from '../support/served.ts';
import { served } from '../support/served.ts';

/** Debian's. */
const executablePath = '/usr/bin/chromium';

/** Kept by a build, never by the repository. */
const pictures = join(import.meta.dirname, '..', '..', 'artefacts', 'page');

let browser: Browser | null = null;

/**
 * One browser for all tests of a file. Where there is none they are skipped and the runner tells
 * why; with `VIRTSTATE_LAB=require` they fail.
 */
export function useBrowser(): void {
  const missing = existsSync(executablePath) ? null : `there is no ${executablePath}`;
  beforeAll(async () => {
    if (missing === null)
      browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  });
  beforeEach(({ skip, task }) => {
    if (missing === null) return;
    if (labMode() === 'require') throw new Error(missing);
    task.meta.skipReason = missing;
    skip(missing);
  });
  afterAll(async () => {
    await browser?.close();
    browser = null;
  });
}

/**
 * A page of its own. Whatever it complains of fails the test, and so does a request to anybody but
 * where it came from.
 */
export async function openPage(origin: string, look: BrowserContextOptions = {}): Promise<Page> {
  if (browser === null) throw new Error('useBrowser() comes first');
  const context = await browser.newContext({ viewport: { width: 1_400, height: 900 }, ...look });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  const elsewhere: string[] = [];
  const complaints: string[] = [];
  context.on('request', (request) => {
    const url = request.url();
    // What a page hands over as a file has an address of its own making.
    if (!url.startsWith(`${origin}/`) && !url.startsWith(`blob:${origin}/`)) elsewhere.push(url);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    const isExpected =
      /status of (?:401|403|409|503)|ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|TrustedHTML/.test(
        message.text(),
      );
    if (['error', 'warning'].includes(message.type()) && !isExpected)
      complaints.push(message.text());
  });
  onTestFinished(async () => {
    await context.close();
    expect(complaints).toEqual([]);
    expect(elsewhere).toEqual([]);
  });
  return page;
}

export interface Opened extends Served {
  readonly page: Page;
  readonly origin: string;
  /** Starts a run of a workflow and tells its id. */
  readonly start: (workflow: string, input: object) => Promise<string>;
  /** Goes to a place of the page. */
  readonly go: (fragment: string) => Promise<void>;
}

/** A service over a simulated world, with a browser on its page. */
export async function opened(
  options: Parameters<typeof served>[0] = {},
  look: BrowserContextOptions = {},
): Promise<Opened> {
  const service = await served(options);
  const { app } = service;
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const origin = `http://127.0.0.1:${port}`;
  const page = await openPage(origin, look);
  return {
    ...service,
    page,
    origin,
    start: async (workflow, input) => {
      const payload = { workflow, input };
      const answer = await app.inject({ method: 'POST', url: '/v1/runs', payload });
      expect(answer.statusCode, answer.body).toBe(201);
      return answer.json().run;
    },
    go: async (fragment) => {
      await page.goto(`${origin}/${fragment}`);
    },
  };
}

/** For a person to look at, as it is by day and by night. */
export async function keepPictures(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    const path = join(pictures, `${name}-${colorScheme}.png`);
    await page.screenshot({ path, fullPage: true });
  }
}

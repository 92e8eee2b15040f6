import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

import { compose, openStore } from '../../src/cli/compose.ts';
import { loadInspector } from '../../src/cli/serving/load-inspector.ts';
import { createRunTeller } from '../../src/cli/serving/run-teller.ts';
import { servedWorkflows } from '../../src/cli/serving/served-workflows.ts';
import type { Config } from '../../src/config/index.ts';
import { noConfig } from '../../src/config/index.ts';
import type { Log } from '../../src/ports/log.ts';
import { noLog } from '../../src/ports/log.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import type { DrivingService, ServiceParts } from '../../src/service/index.ts';
import { createService } from '../../src/service/index.ts';

export interface Served extends DrivingService {
  readonly engine: ServiceParts['engine'];
  readonly store: ServiceParts['store'];
  /** As `virtstate serve` ends: what is unfinished is left. */
  readonly end: () => Promise<void>;
}

interface ServedOptions extends Partial<Omit<ServiceParts, 'log'>> {
  readonly config?: Config;
  /** Path of a SQLite file; in memory where it is left out. */
  readonly place?: string;
  readonly log?: Log;
}

/** A service over a simulated world of its own. */
export async function served(options: ServedOptions = {}): Promise<Served> {
  const { config = noConfig, log = noLog, place, ...changes } = options;
  const store = place === undefined ? new MemoryStore() : await openStore(place);
  const composition = compose({ config, log, store });
  const { clock, engine } = composition;
  const service = await createService({
    engine,
    store,
    clock,
    log,
    workflows: servedWorkflows(composition, config),
    teller: createRunTeller(store),
    inspector: await loadInspector(),
    tokens: [],
    tls: null,
    requestsPerMinute: 1_000_000,
    bodyBytes: 65_536,
    version: '0.0.0',
    ...changes,
  });
  let isOver = false;
  const end = async (): Promise<void> => {
    if (isOver) return;
    isOver = true;
    await service.stop();
    await composition.close();
  };
  onTestFinished(end);
  return { ...service, engine, store, end };
}

/** A directory that is gone after the test. */
export function scratchDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'virtstate-service-'));
  onTestFinished(() => rmSync(directory, { recursive: true, maxRetries: 5 }));
  return directory;
}

export const between = { source: 'simulated:///hostA', destination: 'simulated:///hostB' };

/** `idle` is moved at once, `busy` never. */
export const migrationOf = (domain: string) => ({
  workflow: 'live-migration',
  input: { domain, ...between },
});

export interface ReceivedEvent {
  readonly id: string;
  readonly event: string;
  readonly data: Record<string, unknown>;
}

/** The messages of an event stream, as a browser reads them. */
export function readEvents(text: string): ReceivedEvent[] {
  return text
    .split('\n\n')
    .slice(0, -1)
    .map((block) => {
      const field = (name: string): string =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2) ?? '';
      return { id: field('id'), event: field('event'), data: JSON.parse(field('data') || '{}') };
    })
    .filter(({ event }) => event !== '');
}

export interface Followed {
  readonly status: number;
  /** Everything that came, also where the connection was cut. */
  readonly events: readonly ReceivedEvent[];
}

/** Follows a run until the stream ends, is cut, or `enough` says so. */
export function followEvents(
  url: string,
  lastEventId: string | null,
  enough: (events: readonly ReceivedEvent[]) => boolean = () => false,
): Promise<Followed> {
  const headers = lastEventId === null ? {} : { 'last-event-id': lastEventId };
  const { promise, resolve, reject } = Promise.withResolvers<Followed>();
  const asked = request(url, { headers, agent: false }, (response) => {
    let text = '';
    const end = (): void => resolve({ status: response.statusCode ?? 0, events: readEvents(text) });
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      text += chunk;
      if (enough(readEvents(text))) asked.destroy();
    });
    response.on('error', end);
    response.on('close', end);
  });
  asked.on('error', reject);
  asked.end();
  return promise;
}

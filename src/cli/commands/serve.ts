import { z } from 'zod';

import { noConfig } from '../../config/index.ts';
import type { DrivingService, ServiceParts } from '../../service/index.ts';
import type { Composition } from '../compose.ts';
import { compose, openStore } from '../compose.ts';
import type { Surroundings } from '../display/presenters.ts';
import { exitStatus } from '../exit-status.ts';
import { createLog } from '../log.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { wholeNumber } from '../options/option-values.ts';
import { readOptions } from '../options/read-options.ts';
import { storePlaceOf } from '../records/with-store.ts';
import { readAccess } from '../serving/access.ts';
import { listen, stopSignal } from '../serving/listening.ts';
import { loadInspector } from '../serving/load-inspector.ts';
import { createRunTeller } from '../serving/run-teller.ts';
import { servedWorkflows } from '../serving/served-workflows.ts';

const serveOptions = z.object({
  host: z
    .string()
    .regex(/^[A-Za-z0-9._:-]{1,255}$/, 'must be an address of this machine')
    .optional(),
  port: wholeNumber(0, 65_535, 'port').optional(),
});

/**
 * `virtstate serve`: everything over HTTP, until it is told to stop. What an earlier process left goes
 * on here, and what is unfinished when it stops goes on with the next one.
 *
 * @throws UsageError, StoreError
 */
export async function serve(
  options: Record<string, unknown>,
  surroundings: Surroundings,
  version: string,
): Promise<number> {
  const { style, logLevel } = readCommonOptions(options);
  const { config = noConfig, environment, inspectUri, output } = surroundings;
  const typed = readOptions(serveOptions, options);
  const host = typed.host ?? config.serve.host;
  const access = await readAccess(host, config, environment);
  const log = createLog(logLevel, output);
  const store = await openStore(storePlaceOf(options, surroundings));
  const composition = compose({ log, config, inspectUri, store });
  const stop = stopSignal();
  try {
    const { bodyBytes, requestsPerMinute } = config.serve;
    const parts = { engine: composition.engine, clock: composition.clock, store, log, version };
    const service = await load({
      ...parts,
      ...access,
      bodyBytes,
      requestsPerMinute,
      workflows: servedWorkflows(composition, config),
      teller: createRunTeller(store),
      inspector: await loadInspector(),
    });
    const { parked, resumed } = await goOn(composition, service);
    const url = await listen(service, { host, port: typed.port ?? config.serve.port, access });
    const started = { type: 'serve.started', at: surroundings.now(), url, resumed, parked };
    const words = `listening on ${url}; ${resumed} runs go on, ${parked} are parked`;
    output.print(style === 'json' ? JSON.stringify(started) : words);
    await stop.asked;
    await service.stop();
    const left = (await store.list({ finished: false })).length;
    const stopped = { type: 'serve.stopped', at: surroundings.now(), left };
    const last = `stopped; ${left} unfinished runs go on with the next start`;
    output.print(style === 'json' ? JSON.stringify(stopped) : last);
    return exitStatus.completed;
  } finally {
    stop.release();
    await composition.close();
  }
}

/** Fastify is loaded when something is served. */
async function load(parts: ServiceParts): Promise<DrivingService> {
  const { createService } = await import('../../service/index.ts');
  return createService(parts);
}

async function goOn({ engine }: Composition, { metrics }: DrivingService) {
  const { runs, parked } = await engine.recover();
  metrics.watch(runs);
  return { resumed: runs.length, parked: parked.length };
}

import { existsSync } from 'node:fs';
import { z } from 'zod';

import { noConfig } from '../../config/index.ts';
import { openStore } from '../compose.ts';
import type { Surroundings } from '../display/presenters.ts';
import { exitStatus } from '../exit-status.ts';
import { createLog } from '../log.ts';
import { readCommonOptions } from '../options/common-options.ts';
import { wholeNumber } from '../options/option-values.ts';
import { readOptions } from '../options/read-options.ts';
import { UsageError } from '../options/usage-error.ts';
import { storePlaceOf } from '../records/with-store.ts';
import { listen, stopSignal } from '../serving/listening.ts';
import { loadInspector } from '../serving/load-inspector.ts';
import { createRunTeller } from '../serving/run-teller.ts';

const inspectOptions = z.object({ port: wholeNumber(0, 65_535, 'port') });
const host = '127.0.0.1';

/**
 * `virtstate inspect`: the inspector of a store, whoever drives its runs; it changes nothing.
 *
 * @throws UsageError, StoreError
 */
export async function inspect(
  options: Record<string, unknown>,
  surroundings: Surroundings,
  version: string,
): Promise<number> {
  const { style, logLevel } = readCommonOptions(options);
  const { config = noConfig, output } = surroundings;
  const { port } = readOptions(inspectOptions, options);
  const place = storePlaceOf(options, surroundings);
  if (!existsSync(place)) throw new UsageError(`there is no store at ${place} yet`);
  const store = await openStore(place);
  const stop = stopSignal();
  try {
    const { createReadingService } = await import('../../service/index.ts');
    const { bodyBytes, requestsPerMinute } = config.serve;
    const access = { tls: null, tokens: [] };
    const service = await createReadingService({
      ...access,
      store,
      log: createLog(logLevel, output),
      teller: createRunTeller(store),
      inspector: await loadInspector(),
      requestsPerMinute,
      bodyBytes,
      version,
    });
    const url = await listen(service, { host, port, access });
    const started = { type: 'inspect.started', at: surroundings.now(), url, store: place };
    const words = `inspector of ${place}: ${url}/`;
    output.print(style === 'json' ? JSON.stringify(started) : words);
    await stop.asked;
    await service.stop();
    return exitStatus.completed;
  } finally {
    stop.release();
    await store.close();
  }
}

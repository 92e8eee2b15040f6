import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { anyRequest, documentShape } from '../../support/any-request.ts';
import { migrationOf, served } from '../../support/served.ts';

/** What hosts and busy domains are to blame for; never 500. */
const allowedAbove500 = [502, 503];

test('no request whatever meets a fault of ours', { timeout: 120_000 }, async () => {
  const { app } = await served();
  const start = async (domain: string): Promise<string> => {
    const asked = { method: 'POST', url: '/v1/runs', payload: migrationOf(domain) } as const;
    return (await app.inject(asked)).json().run;
  };
  const [over, underWay] = [await start('nobody'), await start('busy')];
  await app.inject(`/v1/runs/${over}/events`);
  const document = documentShape.parse((await app.inject('/v1/openapi.json')).json());
  const hosts = fc.constantFrom('simulated:///hostA', 'simulated:///hostB', 'simulated:///hostX');
  const words = {
    id: fc.constantFrom(over, underWay, 'nobody'),
    before: fc.constantFrom(over, underWay),
    machine: fc.constantFrom('liveMigration', 'volumeSwap'),
    domain: fc.constantFrom('nobody', 'idle', 'demo', 'busy'),
    host: hosts,
    source: hosts,
    destination: hosts,
    directory: fc.constantFrom('/backup', '/nowhere'),
    path: fc.constantFrom('/backup/a', '/nowhere/a'),
    targetDev: fc.constantFrom('vda', 'vdz'),
    'Idempotency-Key': fc.constantFrom('a', 'b', 'c', 'd'),
    'Last-Event-ID': fc.constantFrom('3', '999', '3-end'),
  };
  const met = new Set<number>();
  const wellMet = new Set<string>();
  await fc.assert(
    fc.asyncProperty(
      anyRequest(document, words, { id: fc.constant(over) }),
      async ({ operation, ...asked }) => {
        const { statusCode, headers, body } = await app.inject(asked);
        met.add(statusCode);
        expect(statusCode === 500, body).toBe(false);
        if (statusCode < 400) {
          if (operation !== null) wellMet.add(operation);
          return;
        }
        if (statusCode > 500) expect(allowedAbove500).toContain(statusCode);
        expect(headers['content-type']).toBe('application/problem+json');
        if (asked.method !== 'HEAD') expect(JSON.parse(body)).toMatchObject({ status: statusCode });
      },
    ),
    { numRuns: 2_000, seed: 7 },
  );
  // Else it would prove nothing.
  const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));
  expect([...wellMet].toSorted()).toEqual(
    operations.map(({ operationId }) => operationId).toSorted(),
  );
  expect([...met]).toEqual(
    expect.arrayContaining([200, 201, 204, 400, 403, 404, 405, 409, 415, 422, 502]),
  );
  expect((await app.inject('/readyz')).statusCode).toBe(200);
});

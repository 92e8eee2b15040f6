import { describe, expect, test } from 'vitest';

import { createSimulatedWorld, VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { claimDomain, releaseClaims } from '../../../src/bindings/claims.ts';
import type { StandingClaim } from '../../../src/ports/claim.ts';
import { noLog } from '../../../src/ports/log.ts';

const domainUuid = '11111111-2222-3333-4444-555555555555';
const host = 'simulated:///hostA';
const other = 'simulated:///hostB';
const nowEpochMs = 1_700_000_000_000;
const of = (run: string): StandingClaim => ({
  run,
  details: { engine: 'hostC:1', sinceEpochMs: 5 },
});

/** A claimed domain on one host, and what our side of it does with it. */
function scene(standing: readonly StandingClaim[]) {
  const clock = new VirtualClock({ startEpochMs: nowEpochMs, pace: 'asFastAsPossible' });
  const world = createSimulatedWorld({
    seed: 1,
    clock,
    hosts: [{ name: 'hostA' }, { name: 'hostB' }],
    domains: [{ name: 'guest', host: 'hostA', uuid: domainUuid, claims: standing }],
    link: { bandwidthBytesPerS: 1 },
    faults: [],
  });
  const tools = (key: string) => ({
    clock,
    key,
    log: noLog,
    signal: new AbortController().signal,
  });
  return {
    world,
    claim: (key: string, breakClaims: readonly string[] = []) =>
      clock.run(claimDomain(world.hypervisors, { host, domainUuid, breakClaims }, tools(key))),
    release: (key: string, run: string | null, held = false) => {
      const request = { domainUuid, run, hosts: [host, other], held };
      return clock.run(releaseClaims(world.hypervisors, request, tools(key)));
    },
    standing: () => world.listing()[0]?.domains[0]?.claims,
  };
}

describe('a claim', () => {
  test('is by the run at the top, whichever child makes it, and names engine and time', async () => {
    const { claim, standing } = scene([]);
    const answer = await claim('run-1/move#1/claim#3');
    expect(answer).toEqual({
      claim: {
        run: 'run-1',
        engine: expect.stringMatching(/^.+:\d+$/),
        sinceEpochMs: expect.any(Number),
      },
      others: [],
    });
    expect(answer.claim.sinceEpochMs).toBeGreaterThanOrEqual(nowEpochMs);
    expect(standing()).toEqual(['run-1']);
  });

  test('of an actor that no engine runs is like no other', async () => {
    const { claim, release, standing } = scene([]);
    const first = await claim('claim');
    const second = await claim('claim');
    expect(second.others.map(({ run }) => run)).toEqual([first.claim.run]);
    await release('release', second.claim.run);
    expect(standing()).toEqual([first.claim.run]);
  });

  test('breaks those that it was told to, and only where no other stands', async () => {
    const { claim, standing } = scene([of('dead'), of('alive')]);
    const refused = await claim('run-1/claim#1', ['dead']);
    expect(refused.others).toEqual([of('alive')]);
    expect(standing()).toEqual(['dead', 'alive', 'run-1']);
    expect((await claim('run-1/claim#1', ['dead', 'alive'])).others).toEqual([]);
    expect(standing()).toEqual(['run-1']);
  });
});

describe('a release', () => {
  test('takes away its own claim, where it stands and where it does not', async () => {
    const { release, standing } = scene([of('run-1'), of('alive')]);
    expect(await release('run-1/release#1', null)).toEqual({ released: [host, other] });
    expect(standing()).toEqual(['alive']);
  });

  test('of a domain that was ours takes those away, too, who came in vain meanwhile', async () => {
    const { release, standing } = scene([of('run-1'), of('refused')]);
    expect(await release('run-1/release#1', 'run-1', true)).toEqual({ released: [host, other] });
    expect(standing()).toEqual([]);
  });

  test('of a domain that somebody has taken over leaves it to them', async () => {
    const { release, standing } = scene([of('taker')]);
    expect(await release('run-1/release#1', 'run-1', true)).toEqual({ released: [host, other] });
    expect(standing()).toEqual(['taker']);
  });

  test('tells of the host that could not be asked, and asks the other one all the same', async () => {
    const { release, standing, world } = scene([of('run-1')]);
    world.killDaemon('hostB');
    expect(await release('run-1/release#1', 'run-1')).toEqual({ released: [host] });
    expect(standing()).toEqual([]);
  });

  test('of a claim of which nobody knows the name takes away none', async () => {
    const { release, standing } = scene([of('somebody')]);
    expect(await release('release', null)).toEqual({ released: [] });
    expect(standing()).toEqual(['somebody']);
  });
});

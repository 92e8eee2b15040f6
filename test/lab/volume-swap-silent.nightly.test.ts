import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test, vi } from 'vitest';

import { hooked } from '../support/hooked-hypervisors.ts';
import {
  expectOn,
  fileImage,
  recoverGuest,
  serveNbd,
  slowly,
  useSwapLab,
} from '../support/lab-swap.ts';
import { describeLab } from '../support/needs.ts';

const order = { create: false } as const;
/** As long as a server stands still that goes on in time. */
const standstillMs = 4_000;

/** The server stops at our call that ends the copy, and `goOn` is called then. */
const stopping = (
  { signal }: Awaited<ReturnType<typeof serveNbd>>,
  how: 'cancel' | 'pivot',
  goOn: () => Promise<unknown>,
) => {
  const asked = { answeredAfterMs: null as number | null, isAsked: false };
  const through = hooked({
    endBlockJob: async (call, [, , which]) => {
      if (which !== how || asked.isAsked) return call();
      asked.isAsked = true;
      await signal('STOP');
      const begunAt = performance.now();
      const went = goOn();
      const answer = await call();
      asked.answeredAfterMs = performance.now() - begunAt;
      await went;
      return answer;
    },
  });
  return { asked, through };
};

describeLab('a swap to an export whose server stands still', () => {
  const stage = useSwapLab('swap-silent');

  afterEach(() => recoverGuest(stage));

  const hasNoJob = async (): Promise<boolean> =>
    (await stage.host.virsh(['blockjob', stage.guest.name, 'vda', '--info', '--raw'])).trim() ===
    '';

  test('ends its copy when the server answers again', async () => {
    const [before] = await stage.places();
    const server = await serveNbd(stage, 'unix');
    const { asked, through } = stopping(server, 'cancel', async () => {
      await sleep(standstillMs);
      await server.signal('CONT');
    });
    const output = await stage.swap(server.to, {
      order,
      input: slowly,
      through,
      onState: (state, abort) => {
        if (state.endsWith('awaitingReady.waiting')) abort();
      },
    });
    stage.note('cancelling.ending', 'the NBD server stands still for a while', output);
    // libvirt itself waits for QEMU, which waits for the server.
    expect(asked.answeredAfterMs).toBeGreaterThanOrEqual(standstillMs * 0.9);
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'abortRequested' } });
    await expectOn(stage, before ?? '');
  }, 120_000);

  test('is left to a person where it does not, who has nothing left to do when it does', async () => {
    const [before] = await stage.places();
    const server = await serveNbd(stage, 'unix');
    const { through } = stopping(server, 'cancel', () => Promise.resolve());
    const output = await stage.swap(server.to, {
      order,
      input: { ...slowly, peerWaitMs: 5_000 },
      through,
      onState: (state, abort) => {
        if (state.endsWith('awaitingReady.waiting')) abort();
      },
    });
    stage.note('cancelling.ending', 'the NBD server stands still for ever', output);
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'copyLeft', effect: 'unknown' },
      swapped: [],
    });
    await server.signal('CONT');
    await vi.waitUntil(hasNoJob, 30_000);
    await stage.releaseClaims();
    await expectOn(stage, before ?? '');
  }, 120_000);

  test('pivots when the server answers again', async () => {
    const server = await serveNbd(stage, 'unix');
    const { asked, through } = stopping(server, 'pivot', async () => {
      await sleep(standstillMs);
      await server.signal('CONT');
    });
    const output = await stage.swap(server.to, { order, through });
    stage.note('pivoting.asking', 'the NBD server stands still for a while', output);
    expect(asked.answeredAfterMs).toBeGreaterThanOrEqual(standstillMs * 0.9);
    expect(output).toMatchObject({ outcome: 'completed', failure: null });
    await stage.powerCycle();
    await expectOn(stage, 'vol');
    const back = await stage.swap(fileImage('from-silent.qcow2'));
    expect(back).toMatchObject({ outcome: 'completed', failure: null });
  }, 120_000);

  test('tells that nobody knows the true volume while the pivot is not answered', async () => {
    const server = await serveNbd(stage, 'unix');
    const { asked, through } = stopping(server, 'pivot', () => Promise.resolve());
    const output = await stage.swap(server.to, { order, through, input: { peerWaitMs: 5_000 } });
    stage.note('pivoting.asking', 'the NBD server stands still for ever', output);
    expect(asked.isAsked).toBe(true);
    expect(output).toMatchObject({
      outcome: 'needsOperator',
      failure: { code: 'volumeUnknown', effect: 'unknown' },
    });
    await server.signal('CONT');
    await vi.waitUntil(hasNoJob, 30_000);
    await stage.releaseClaims();
    // Both definitions say what came of it, and the guest has lost nothing.
    const [live, next] = await stage.places();
    expect(next).toBe(live);
    await expectOn(stage, live ?? '');
    await stage.powerCycle();
    const back = await stage.swap(fileImage('from-unknown.qcow2'));
    expect(back).toMatchObject({ outcome: 'completed', failure: null });
  }, 120_000);

  test.each([0, 3, 8])(
    'and is killed %i ms into the pivot: guest and definition have the same volume',
    async (delayMs) => {
      const server = await serveNbd(stage, 'unix');
      const [before] = await stage.places();
      let killed: Promise<unknown> | null = null;
      const output = await stage.swap(server.to, {
        order,
        through: hooked({
          endBlockJob: (call) => {
            killed ??= sleep(delayMs).then(() => server.signal('KILL'));
            return call();
          },
        }),
        onState: async () => {
          await killed;
        },
      });
      stage.note('pivoting.asking', `the NBD server is killed, ${delayMs} ms into it`, output);
      expect(killed).not.toBeNull();
      const [live, next] = await stage.places();
      expect(next).toBe(live);
      if (output.outcome !== 'completed') {
        expect(output).toMatchObject({ outcome: 'rolledBack', failure: { code: 'copyLost' } });
        await expectOn(stage, before ?? '');
        return;
      }
      // It has all that it was given, and the guest goes on with it once it is served again.
      expect(live).toBe('vol');
      await stage.host.virsh(['destroy', stage.guest.name]);
      await serveNbd(stage, 'unix');
      await stage.beginCount();
      await stage.host.virsh(['start', stage.guest.name]);
      await expectOn(stage, 'vol');
      const back = await stage.swap(fileImage(`from-killed-${delayMs}.qcow2`));
      expect(back).toMatchObject({ outcome: 'completed', failure: null });
    },
    120_000,
  );
});

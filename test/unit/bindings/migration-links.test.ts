import { describe, expect, test } from 'vitest';

import type { PhaseInput } from '../../../machines/policy/migration/phase-calls.ts';
import { VirtualClock } from '../../../src/adapters/simulated/index.ts';
import { linkSlots } from '../../../src/bindings/migration-links.ts';
import { noLog } from '../../../src/ports/log.ts';
import type { MigrationLink } from '../../../src/ports/migration.ts';
import { input } from '../../machines/protocol.ts';

const ends: PhaseInput = {
  source: input.source,
  destination: input.destination,
  domainUuid: input.domain.uuid,
  call: input.call,
};

/** A link that writes down what is asked of it. */
class NotedLink implements MigrationLink {
  readonly calls: string[] = [];
  readonly #lost = Promise.withResolvers<Awaited<MigrationLink['lost']>>();

  get lost(): MigrationLink['lost'] {
    return this.#lost.promise;
  }

  lose(peer: 'source' | 'destination'): void {
    this.#lost.resolve({ peer, message: 'gone' });
  }

  begin(): Promise<void> {
    return this.#note('begin');
  }
  prepare(): Promise<void> {
    return this.#note('prepare');
  }
  perform(): Promise<void> {
    return this.#note('perform');
  }
  async finish(_: unknown, cancelled: boolean): Promise<'guest' | 'nothing'> {
    await this.#note(cancelled ? 'finish, cancelled' : 'finish');
    return cancelled ? 'nothing' : 'guest';
  }
  confirm(_: unknown, cancelled: boolean): Promise<void> {
    return this.#note(cancelled ? 'confirm, cancelled' : 'confirm');
  }
  close(): Promise<void> {
    return this.#note('close');
  }

  #note(call: string): Promise<void> {
    this.calls.push(call);
    return Promise.resolve();
  }
}

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Slots over links that are opened one after the other, and what the chart is told of them. */
function stage(open?: () => Promise<MigrationLink>) {
  const links: NotedLink[] = [];
  const told: string[] = [];
  const clock = new VirtualClock({ startEpochMs: 7, pace: 'asFastAsPossible' });
  const slots = linkSlots({
    open: () => Promise.reject(new Error('no host')),
    close: () => Promise.resolve(),
    linkMigration:
      open ??
      (() => {
        const link = new NotedLink();
        links.push(link);
        return Promise.resolve(link);
      }),
  });
  const tools = (signal: AbortSignal) => ({
    signal,
    clock,
    key: 'key',
    log: noLog,
    report: () => undefined,
    send: ({ type }: { readonly type: string }) => void told.push(type),
  });
  const hold = (resumed = false) => {
    const controller = new AbortController();
    return {
      ended: slots.holdLink.run(ends, { ...tools(controller.signal), resumed }),
      leave: () => controller.abort(),
    };
  };
  const call = (name: Exclude<keyof typeof slots, 'holdLink'>) =>
    slots[name].run(ends, tools(new AbortController().signal));
  return { links, told, slots, hold, call };
}

describe('the link of a migration that we drive', () => {
  test('is told when it is open, and carries every phase', async () => {
    const { links, told, hold, call } = stage();
    hold();
    await turn();
    expect(told).toEqual(['link.opened']);
    expect(await call('begin')).toEqual({ atEpochMs: 7 });
    await call('prepare');
    await call('perform');
    expect(await call('finish')).toEqual({ holds: 'guest', atEpochMs: 7 });
    expect(await call('finishCancelled')).toEqual({ holds: 'nothing', atEpochMs: 7 });
    await call('confirm');
    await call('confirmCancelled');
    expect(links[0]?.calls).toEqual([
      'begin',
      'prepare',
      'perform',
      'finish',
      'finish, cancelled',
      'confirm',
      'confirm, cancelled',
    ]);
  });

  test('is closed when the chart leaves it, and carries nothing any more', async () => {
    const { links, hold, call } = stage();
    const held = hold();
    await turn();
    held.leave();
    await held.ended;
    expect(links[0]?.calls).toEqual(['close']);
    await expect(call('begin')).rejects.toMatchObject({
      failure: { code: 'connectionLost', effect: 'unknown' },
    });
  });

  test.each(['source', 'destination'] as const)('tells which end is lost: the %s', async (peer) => {
    const { links, told, hold } = stage();
    hold();
    await turn();
    links[0]?.lose(peer);
    await turn();
    expect(told).toEqual(['link.opened', `link.${peer}.lost`]);
  });

  test('tells nothing once it was left', async () => {
    const { links, told, hold } = stage();
    const held = hold();
    await turn();
    held.leave();
    links[0]?.lose('source');
    await held.ended;
    await turn();
    expect(told).toEqual(['link.opened']);
  });

  test('that is opened anew takes the phases, and the end of the old one takes nothing away', async () => {
    const { links, hold, call } = stage();
    const old = hold();
    await turn();
    old.leave();
    hold();
    await old.ended;
    await turn();
    await call('begin');
    expect(links.map(({ calls }) => calls)).toEqual([['close'], ['begin']]);
  });

  test('that is left while it is being opened is closed all the same', async () => {
    const opened = Promise.withResolvers<MigrationLink>();
    const { told, hold } = stage(() => opened.promise);
    const held = hold();
    held.leave();
    const link = new NotedLink();
    opened.resolve(link);
    await held.ended;
    expect(link.calls).toEqual(['close']);
    expect(told).toEqual([]);
  });

  test('that is left while it is being opened takes nothing from the one after it', async () => {
    const openings = [
      Promise.withResolvers<MigrationLink>(),
      Promise.withResolvers<MigrationLink>(),
    ];
    const opened = openings.map(({ promise }) => promise);
    const { hold, call } = stage(() => opened.shift() ?? Promise.reject(new Error('too many')));
    const [late, next] = [new NotedLink(), new NotedLink()];
    const old = hold();
    old.leave();
    hold();
    openings[1]?.resolve(next);
    await turn();
    openings[0]?.resolve(late);
    await old.ended;
    await call('begin');
    expect([late.calls, next.calls]).toEqual([['close'], ['begin']]);
  });

  test('that cannot be opened is an error to the chart', async () => {
    const { hold } = stage(() => Promise.reject(new Error('refused')));
    await expect(hold().ended).rejects.toThrow('refused');
  });

  test('is gone after a crash of ours: none is opened that would pass for it', async () => {
    const { links, hold } = stage();
    await expect(hold(true).ended).rejects.toMatchObject({
      failure: { code: 'connectionLost', effect: 'unknown' },
    });
    expect(links).toEqual([]);
  });

  test('is gone after a crash of ours: no phase is ever repeated', () => {
    const { slots } = stage();
    const phases = Object.values(slots).filter((slot) => slot.kind === 'effect');
    expect(phases).toHaveLength(7);
    for (const { recovery } of phases) expect(recovery).toBe('unknown');
  });
});

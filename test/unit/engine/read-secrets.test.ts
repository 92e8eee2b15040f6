import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';

import { effectSlot } from '../../../machines/slots.ts';
import { RunSecrets } from '../../../src/engine/run-secrets.ts';
import type { Tools } from '../../../src/engine/slots.ts';
import { bind } from '../../../src/engine/slots.ts';
import { Engines, never, settled } from '../../support/engines.ts';
import { bindToy } from '../../support/toy-machine.ts';

const password = 'hunter2-of-the-graphics';
const xml = `<domain><graphics passwd='${password}'/></domain>`;

/** Reads a secret, dies while it is used, and uses it in the next process. */
const reader = setup({
  types: { context: {} as { token: string }, output: {} as { token: string } },
  actors: {
    read: effectSlot<{ token: string }, void>('read'),
    use: effectSlot<void, { token: string }>('use'),
  },
  actions: { keep: assign((_, { token }: { token: string }) => ({ token })) },
}).createMachine({
  id: 'reader',
  version: '1',
  context: { token: '' },
  output: ({ context }) => context,
  initial: 'reading',
  states: {
    reading: {
      invoke: {
        id: 'read',
        src: 'read',
        input: () => undefined,
        onDone: { target: 'using', actions: { type: 'keep', params: ({ event }) => event.output } },
        onError: 'over',
      },
    },
    using: {
      invoke: {
        id: 'use',
        src: 'use',
        input: ({ context }) => context,
        onDone: 'over',
        onError: 'over',
      },
    },
    over: { type: 'final' },
  },
});

describe('a secret that an effect reads', () => {
  test('is durable before it is used, for the next process, and for nobody else', async () => {
    const engines = new Engines();
    const used: unknown[] = [];
    const kept: unknown[] = [];
    const machine = bind(reader, {
      read: {
        kind: 'effect',
        recovery: 'rerun',
        run: (_: void, { seal }: Tools) => Promise.resolve({ token: seal?.(xml) ?? xml }),
      },
      use: {
        kind: 'effect',
        recovery: 'rerun',
        run: ({ token }: { token: string }) => {
          used.push(token);
          return used.length === 1 ? never<void>() : Promise.resolve();
        },
      },
    });
    const victim = engines.seat([machine]);
    await victim.engine.start('reader', {});
    await settled();
    kept.push(await victim.store.reveal('run-1/secret#1'));
    victim.store.die();
    const heir = engines.seat([machine]);
    const [next] = (await heir.engine.recover()).runs;
    const readable = [await next?.wait(), await heir.store.journal('run-1')];
    expect(used).toEqual([xml, xml]);
    expect(kept).toEqual([xml]);
    expect(JSON.stringify(readable)).toContain('sealed:run-1/secret#1');
    expect(JSON.stringify(readable)).not.toContain(password);
  });

  test('gets a token of its own, whatever was sealed before', async () => {
    const { store } = new Engines().seat(bindToy({}));
    const first = new RunSecrets('run-1');
    const [one, two] = [first.seal('one'), first.seal('two')];
    store.reveal = (id) => Promise.resolve(id === 'run-1/secret#2' ? 'two' : 'one');
    const next = new RunSecrets('run-1');
    await next.fetch({ only: two }, store);
    expect([one, two]).not.toContain(next.seal('three'));
    expect(next.takeNews()).toMatchObject([{ value: 'three' }]);
    expect(next.takeNews()).toEqual([]);
  });
});

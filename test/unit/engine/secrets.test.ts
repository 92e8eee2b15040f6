import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';

import { effectSlot, watchSlot } from '../../../machines/slots.ts';
import { hidden, mapTexts, redactText, secretsIn } from '../../../src/engine/redaction.ts';
import { RunSecrets } from '../../../src/engine/run-secrets.ts';
import type { Tools } from '../../../src/engine/slots.ts';
import { bind } from '../../../src/engine/slots.ts';
import type { Log } from '../../../src/ports/log.ts';
import { noLog } from '../../../src/ports/log.ts';
import { Engines, never, settled } from '../../support/engines.ts';
import { bindToy } from '../../support/toy-machine.ts';
import { migrateSimulated } from '../../support/simulated-migration.ts';

const password = 'hunter2-of-the-graphics';
const passphrase = 'open-sesame-of-the-disk';
const xml = `<domain><graphics passwd='${password}'/><secret>${passphrase}</secret></domain>`;
const uri = 'qemu+tcp://someone:letmein-by-uri@a/system';
const planted = [password, passphrase, 'letmein-by-uri', 'typed-by-operator'];

type Said = { type: 'said'; text: string } | { type: 'told'; text: string };

const leaky = setup({
  types: {
    input: {} as { xml: string; uri: string },
    context: {} as { xml: string; uri: string; heard: unknown[] },
    output: {} as { heard: unknown[] },
    events: {} as Said,
  },
  actors: {
    use: effectSlot<{ echo: string }, { xml: string; uri: string }>('use'),
    fail: effectSlot<void, { xml: string }>('fail'),
    listen: watchSlot<Said, { xml: string }>('listen'),
  },
  actions: {
    hear: assign({ heard: ({ context, event }) => [...context.heard, event] }),
  },
}).createMachine({
  id: 'leaky',
  version: '1',
  context: ({ input }) => ({ ...input, heard: [] }),
  output: ({ context }) => ({ heard: context.heard }),
  initial: 'using',
  on: { said: { actions: 'hear' }, told: { actions: 'hear' } },
  states: {
    using: {
      invoke: [
        { id: 'listen', src: 'listen', input: ({ context }) => context, onError: 'failing' },
        {
          id: 'use',
          src: 'use',
          input: ({ context }) => context,
          onDone: { target: 'failing', actions: 'hear' },
          onError: 'failing',
        },
      ],
    },
    failing: {
      invoke: {
        id: 'fail',
        src: 'fail',
        input: ({ context }) => context,
        onDone: 'over',
        onError: { target: 'over', actions: 'hear' },
      },
    },
    over: { type: 'final' },
  },
});

/** Plants secrets wherever something passes, and keeps all that anybody could read. */
async function leak(engines: Engines) {
  const readable: unknown[] = [];
  const line =
    (level: string): Log['info'] =>
    (message, fields) =>
      void readable.push([level, message, fields]);
  const log = {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
  };
  const used: unknown[] = [];
  const machine = bind(
    leaky,
    {
      use: {
        kind: 'effect',
        recovery: 'rerun',
        run: (input: { xml: string; uri: string }, tools: Tools) => {
          used.push({ xml: input.xml, uri: input.uri });
          tools.log.info(`used ${input.xml}`, { uri: input.uri, bare: password });
          return used.length === 1
            ? never<{ echo: string }>()
            : Promise.resolve({ echo: `it is ${passphrase}` });
        },
      },
      fail: {
        kind: 'effect',
        recovery: 'rerun',
        run: (input: { xml: string }) =>
          Promise.reject(new Error(`${password} in ${input.xml} by ${uri}`)),
      },
      listen: {
        kind: 'watch',
        run: (input: { xml: string }, { send }: { send: (said: Said) => void }) => {
          send({ type: 'said', text: input.xml });
          send({ type: 'said', text: `libvirt says passwd="${password}"` });
          return never<void>();
        },
      },
    },
    { about: (input) => ({ subject: 'guest', locks: [], hosts: [], secrets: [input.xml] }) },
  );
  const seat = () => {
    const { engine, store } = engines.seat([machine], { log });
    const commit = store.commit.bind(store);
    store.commit = (batch) => {
      const { secrets: _, ...rest } = batch;
      readable.push(structuredClone(rest));
      return commit(batch);
    };
    const names = ['run.started', 'run.resumed', 'state.entered', 'effect.started'] as const;
    for (const name of names) engine.on(name, (event) => readable.push(event));
    engine.on('effect.finished', (event) => readable.push(event));
    engine.on('effect.failed', (event) => readable.push(event));
    engine.on('run.finished', (event) => readable.push(event));
    return { engine, store };
  };
  const victim = seat();
  const run = await victim.engine.start('leaky', { xml, uri });
  await settled();
  run.send({ type: 'told', text: 'password=typed-by-operator' });
  await settled();
  victim.store.die();
  const heir = seat();
  const [next] = (await heir.engine.recover()).runs;
  readable.push(
    await next?.wait(),
    await heir.store.journal('run-1'),
    await heir.store.family('run-1'),
  );
  return { readable: JSON.stringify(readable), used, store: heir.store };
}

describe('secrets of a run', () => {
  test('are read by its effects only, also after another process took over', async () => {
    const { readable, used } = await leak(new Engines());
    expect(used).toEqual([
      { xml, uri },
      { xml, uri },
    ]);
    for (const secret of planted) expect(readable).not.toContain(secret);
    expect(readable).toContain('sealed:run-1/secret#1');
    expect(readable).toContain(hidden);
  });

  test('are gone with its end', async () => {
    const { store } = await leak(new Engines());
    await expect(store.reveal('run-1/secret#1')).rejects.toMatchObject({ code: 'noSecret' });
  });

  test('of another run are not opened by a token that somebody wrote down', () => {
    const theirs = new RunSecrets('run-1');
    const token = theirs.sealInput(xml, [xml]);
    const ours = new RunSecrets('run-2');
    ours.sealInput('mine', ['mine']);
    expect(theirs.open(token)).toBe(xml);
    expect(ours.open(token)).toBe(token);
  });

  test('are not in the log of what no run is asked about', async () => {
    const lines: unknown[] = [];
    const error: Log['error'] = (...line) => void lines.push(line);
    const { engine } = new Engines().seat(bindToy({}), { log: { ...noLog, error } });
    engine.on('run.started', () => {
      throw new Error(`a listener knows passwd="${password}"`);
    });
    await engine.start('toy', { n: 1 });
    await settled();
    expect(JSON.stringify(lines)).toContain(hidden);
    expect(JSON.stringify(lines)).not.toContain(password);
  });

  test('of a live migration are in no record and no event of it', async () => {
    const told: string[] = [];
    const { store, runId } = await migrateSimulated({
      options: { destinationXml: `<domain><graphics passwd='${password}'/></domain>` },
      onState: (event) => told.push(JSON.stringify(event)),
    });
    const kept = JSON.stringify([await store.journal(runId), await store.family(runId)]);
    expect(kept).toContain(`sealed:${runId}`);
    expect(kept + told.join('')).not.toContain(password);
  });
});

describe('a text', () => {
  test.each([
    [`<graphics type='vnc' passwd='abcd1234'/>`, 'abcd1234'],
    [`<graphics passwd = "abcd1234">`, 'abcd1234'],
    ['<secret type="x">abcd1234</secret>', 'abcd1234'],
    ['qemu+tcp://a/system?authfile=/home/me/auth.conf&x=1', '/home/me/auth.conf'],
    ['[auth-libvirt]\npassword=abcd1234\n', 'abcd1234'],
    ['qemu+ssh://me:abcd1234@host/system', 'abcd1234'],
  ])('%s loses what it gives away', (text, secret) => {
    expect(secretsIn(text)).toEqual([secret]);
    expect(redactText(text, [])).toBe(text.replace(secret, hidden));
  });

  test.each([
    "<disk type='file'><secret type='passphrase' uuid='x'/></disk>",
    'qemu+ssh://me@host:22/system',
    'the password was wrong',
  ])('%s has nothing to hide', (text) => {
    expect(redactText(text, [])).toBe(text);
  });

  test('without a secret leaves the value that it stands in as it is', () => {
    const value = { a: ['b', { c: 'd' }] };
    expect(mapTexts(value, (text) => text)).toBe(value);
  });
});

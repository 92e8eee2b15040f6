import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { open, type Connection, type Domain, type DomainSnapshot } from '../src/index.ts';
import * as bytes from './bytes.ts';
import { FakeDaemon, type Call, type FakePeer } from './fake-daemon.ts';

let daemon: FakeDaemon;
let connection: Connection;
let control: FakePeer;
let guest: Domain;
let snapshot: DomainSnapshot;

beforeEach(async () => {
  daemon = await FakeDaemon.listen();
  connection = await open(daemon.uri, { keepAlive: 'off' });
  control = await daemon.nextPeer();
  const looked = connection.domainLookupByName('guest');
  control.reply(await control.nextCall(), bytes.domain('guest'));
  guest = await looked;
  const found = guest.snapshotLookupByName('one');
  const handle = Buffer.concat([bytes.str('one'), bytes.domain('guest')]);
  control.reply(await control.nextCall(), handle);
  snapshot = await found;
});

afterEach(async () => {
  await connection.close();
  await daemon[Symbol.asyncDispose]();
});

async function take(peer: FakePeer, count: number): Promise<Call[]> {
  const calls: Call[] = [];
  while (calls.length < count) calls.push(await peer.nextCall());
  return calls;
}

/** A stop, a look at the job and the agent's time limit: what has to get through whatever else is under way. */
async function expectControlAnswers(): Promise<void> {
  const asked = [guest.abortJob(), guest.getJobStats(), guest.agentSetResponseTimeout(5)];
  const [abort, stats, limit] = await take(control, 3);
  if (abort === undefined || stats === undefined || limit === undefined) throw new Error('three');
  expect([abort.procedure, stats.procedure, limit.procedure]).toEqual([164, 298, 420]);
  control.reply(abort);
  control.reply(stats, Buffer.concat([bytes.u32(2), bytes.u32(0)]));
  control.reply(limit, bytes.u32(0));
  await Promise.all(asked);
}

describe('long calls', () => {
  it.each<[string, () => Promise<unknown>, number, Buffer]>([
    ['managedSave', () => guest.managedSave(), 182, Buffer.alloc(0)],
    ['save', () => guest.save('/a'), 232, Buffer.alloc(0)],
    ['saveParams', () => guest.saveParams({ file: '/a' }), 440, Buffer.alloc(0)],
    ['domainRestoreFlags', () => connection.domainRestoreFlags('/a'), 233, Buffer.alloc(0)],
    [
      'domainRestoreParams',
      () => connection.domainRestoreParams({ file: '/a' }),
      441,
      Buffer.alloc(0),
    ],
    [
      'snapshotCreateXML',
      () => guest.snapshotCreateXML('<domainsnapshot/>'),
      185,
      Buffer.concat([bytes.str('one'), bytes.domain('guest')]),
    ],
    ['revert', () => snapshot.revert(), 192, Buffer.alloc(0)],
    ['delete', () => snapshot.delete(), 193, Buffer.alloc(0)],
    ['fsFreeze', () => guest.fsFreeze(), 335, bytes.u32(1)],
    ['fsThaw', () => guest.fsThaw(), 336, bytes.u32(1)],
    [
      'agentCommand',
      () => guest.agentCommand('guest-ping'),
      3,
      bytes.present(bytes.str('{"return":{}}')),
    ],
  ])('five of %s hold up no control call', async (_name, call, procedure, reply) => {
    const made = Array.from({ length: 5 }, () => call());
    const first = await daemon.nextPeer();
    const calls = await take(first, 3);
    expect(calls.map((each) => each.procedure)).toEqual([procedure, procedure, procedure]);
    await expectControlAnswers();
    expect(control.waitingCalls).toBe(0);
    // The other two are on the same socket, on another one, or wait for a place.
    for (const each of calls) first.reply(each, reply);
    void answerAll(first, reply);
    void daemon.nextPeer().then((peer) => answerAll(peer, reply));
    await Promise.all(made);
  });

  it('a thaw does not wait for saves, nor a save for agents that hang', async () => {
    const saves = Array.from({ length: 9 }, () => guest.managedSave());
    const saving = [await daemon.nextPeer(), await daemon.nextPeer()];
    const held = await Promise.all(saving.map((peer) => take(peer, 4)));
    const frozen = [guest.fsFreeze(), guest.fsFreeze()];
    const agents = await daemon.nextPeer();
    const freezes = await take(agents, 2);
    const thawed = guest.fsThaw();
    const thaw = await agents.nextCall();
    expect(thaw.procedure).toBe(336);
    agents.reply(thaw, bytes.u32(1));
    expect(await thawed).toBe(1);
    for (const [index, peer] of saving.entries()) {
      for (const call of held[index] ?? []) peer.reply(call);
    }
    for (const peer of saving) void answerAll(peer, Buffer.alloc(0));
    await Promise.all(saves);
    for (const call of freezes) agents.reply(call, bytes.u32(1));
    expect(await Promise.all(frozen)).toEqual([1, 1]);
  });
});

/** Answers every call of a socket alike. */
async function answerAll(peer: FakePeer, reply: Buffer): Promise<never> {
  for (;;) peer.reply(await peer.nextCall(), reply);
}

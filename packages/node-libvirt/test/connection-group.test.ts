import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConnectError, migrateFlags, open, type Connection, type Domain } from '../src/index.ts';
import * as bytes from './bytes.ts';
import { FakeDaemon, type Call, type FakePeer } from './fake-daemon.ts';

let daemon: FakeDaemon;
let connection: Connection;
let control: FakePeer;
let guest: Domain;

const perform3 = 305;
const flags = migrateFlags.LIVE | migrateFlags.PEER2PEER;
const noCookie = bytes.u32(0);

beforeEach(async () => {
  daemon = await FakeDaemon.listen();
  connection = await open(daemon.uri, { keepAlive: 'off' });
  control = await daemon.nextPeer();
  const looked = connection.domainLookupByName('guest');
  control.reply(await control.nextCall(), bytes.domain('guest'));
  guest = await looked;
});

afterEach(async () => {
  await connection.close();
  await daemon[Symbol.asyncDispose]();
});

function migrate(signal?: AbortSignal): Promise<string> {
  return guest.migratePerform3Params({ flags }, { signal }).then(
    () => 'done',
    (error: unknown) => (error instanceof Error ? error.name : 'unknown'),
  );
}

async function take(peer: FakePeer, count: number): Promise<Call[]> {
  const calls: Call[] = [];
  while (calls.length < count) calls.push(await peer.nextCall());
  return calls;
}

describe('a connection group', () => {
  it('answers control calls while migrations block their own sockets', async () => {
    const migrations = [migrate(), migrate()];
    const blocking = await daemon.nextPeer();
    const calls = await take(blocking, 2);
    expect(calls.map(({ procedure }) => procedure)).toEqual([perform3, perform3]);
    const state = guest.getState();
    const abort = guest.abortJob();
    const [asked, aborted] = await take(control, 2);
    expect([asked?.procedure, aborted?.procedure]).toEqual([212, 164]);
    if (asked === undefined || aborted === undefined) throw new Error('two calls were asked');
    control.reply(asked, Buffer.concat([bytes.u32(1), bytes.u32(1)]));
    control.reply(aborted);
    expect(await state).toMatchObject({ state: 'running', reason: 'booted' });
    await abort;
    for (const call of calls) blocking.reply(call, noCookie);
    expect(await Promise.all(migrations)).toEqual(['done', 'done']);
  });

  it('puts four blocking calls on a socket, eight on a daemon, and takes the rest in order', async () => {
    const order: number[] = [];
    const migrations = Array.from({ length: 10 }, (_, index) =>
      migrate().then(() => order.push(index)),
    );
    const first = await daemon.nextPeer();
    const second = await daemon.nextPeer();
    const calls = [await take(first, 4), await take(second, 4)];
    const ping = connection.getHostname();
    control.reply(await control.nextCall(), bytes.str('host'));
    await ping;
    expect([first.waitingCalls, second.waitingCalls, daemon.connections]).toEqual([0, 0, 3]);
    const answered = calls[1]?.[2];
    if (answered === undefined) throw new Error('the second socket has four calls');
    second.reply(answered, noCookie);
    const ninth = await second.nextCall();
    second.reply(ninth, noCookie);
    const tenth = await second.nextCall();
    second.reply(tenth, noCookie);
    for (const call of calls[0] ?? []) first.reply(call, noCookie);
    for (const call of calls[1]?.filter((other) => other !== answered) ?? [])
      second.reply(call, noCookie);
    await Promise.all(migrations);
    expect(order.slice(0, 3)).toEqual([6, 8, 9]);
    expect(daemon.connections).toBe(3);
  });

  it('keeps a slot taken until the daemon is done, also when the caller gave up', async () => {
    await using narrow = await open(daemon.uri, { keepAlive: 'off', blockingCallsMax: 1 });
    await daemon.nextPeer();
    const controller = new AbortController();
    const abandoned = narrow.domainCreateXML('<first/>', { signal: controller.signal });
    const blocking = await daemon.nextPeer();
    const call = await blocking.nextCall();
    controller.abort(new Error('gave up'));
    await expect(abandoned).rejects.toThrow('gave up');
    const next = narrow.domainCreateXML('<second/>');
    const fence = guest.getState();
    control.reply(await control.nextCall(), Buffer.concat([bytes.u32(1), bytes.u32(1)]));
    await fence;
    expect(blocking.waitingCalls).toBe(0);
    blocking.reply(call, bytes.domain('first'));
    blocking.reply(await blocking.nextCall(), bytes.domain('second'));
    expect((await next).name).toBe('second');
  });

  it('forgets a waiting call whose signal aborts: it is never sent', async () => {
    await using narrow = await open(daemon.uri, { keepAlive: 'off', blockingCallsMax: 1 });
    await daemon.nextPeer();
    const running = narrow.domainCreateXML('<running/>');
    const blocking = await daemon.nextPeer();
    const call = await blocking.nextCall();
    const controller = new AbortController();
    const waiting = narrow.domainCreateXML('<waiting/>', { signal: controller.signal });
    const last = narrow.domainCreateXML('<last/>');
    controller.abort(new Error('changed my mind'));
    await expect(waiting).rejects.toThrow('changed my mind');
    blocking.reply(call, bytes.domain('running'));
    await running;
    const sent = await blocking.nextCall();
    expect(sent.payload.includes('<last/>')).toBe(true);
    blocking.reply(sent, bytes.domain('last'));
    await last;
  });

  it('survives the loss of a blocking socket: its calls are lost, the next one opens another', async () => {
    const lost = migrate();
    const blocking = await daemon.nextPeer();
    await blocking.nextCall();
    blocking.socket.destroy();
    expect(await lost).toBe('ConnectionLostError');
    expect(connection.isClosed).toBe(false);
    const retried = migrate();
    const another = await daemon.nextPeer();
    another.reply(await another.nextCall(), noCookie);
    expect(await retried).toBe('done');
  });

  it('gives a call that waited behind a lost one a new socket', async () => {
    await using narrow = await open(daemon.uri, { keepAlive: 'off', blockingCallsMax: 1 });
    await daemon.nextPeer();
    const lost = narrow.domainCreateXML('<lost/>');
    const waiting = narrow.domainCreateXML('<waiting/>');
    const blocking = await daemon.nextPeer();
    await blocking.nextCall();
    blocking.socket.destroy();
    await expect(lost).rejects.toMatchObject({ fullyWritten: true });
    const another = await daemon.nextPeer();
    another.reply(await another.nextCall(), bytes.domain('waiting'));
    expect((await waiting).name).toBe('waiting');
  });

  it('loses everything with its control socket', async () => {
    const migration = migrate();
    const blocking = await daemon.nextPeer();
    await blocking.nextCall();
    control.socket.destroy();
    expect(await migration).toBe('ConnectionLostError');
    await blocking.closed;
    expect(connection.isClosed).toBe(true);
  });

  it('rejects blocking calls that no socket can be opened for, and only those', async () => {
    daemon.stopListening();
    await expect(connection.domainCreateXML('<domain/>')).rejects.toThrow(ConnectError);
    const state = guest.getState();
    control.reply(await control.nextCall(), Buffer.concat([bytes.u32(1), bytes.u32(1)]));
    expect((await state).state).toBe('running');
  });

  it('keeps calls that wait for a job lock off the control socket, and apart from migrations', async () => {
    const migrations = Array.from({ length: 8 }, () => migrate());
    const peers = [await daemon.nextPeer(), await daemon.nextPeer()];
    const calls = await Promise.all(peers.map(async (peer) => take(peer, 4)));
    const resumed = guest.resume();
    const job = await daemon.nextPeer();
    const resume = await job.nextCall();
    expect(resume.procedure).toBe(28);
    job.reply(resume);
    await resumed;
    for (const [index, peer] of peers.entries()) {
      for (const call of calls[index] ?? []) peer.reply(call, noCookie);
    }
    await Promise.all(migrations);
  });
});

describe('a connection on one socket', () => {
  let one: Connection;
  let only: FakePeer;
  let there: Domain;

  beforeEach(async () => {
    one = await open(daemon.uri, { keepAlive: 'off', sockets: 'one' });
    only = await daemon.nextPeer();
    const looked = one.domainLookupByName('guest');
    only.reply(await only.nextCall(), bytes.domain('guest'));
    there = await looked;
  });

  afterEach(async () => {
    await one.close();
  });

  it('sends calls of every lane over it, and answers control calls in between', async () => {
    const begun = there.migrateBegin3Params({ flags });
    const migration = there.migratePerform3Params({ flags });
    const abort = there.abortJob();
    const calls = await take(only, 3);
    expect(new Set(calls.map(({ procedure }) => procedure))).toEqual(new Set([164, 302, perform3]));
    for (const call of calls) {
      const isBegin = call.procedure === 302;
      const payload = isBegin ? Buffer.concat([noCookie, bytes.str('<domain/>')]) : noCookie;
      only.reply(call, call.procedure === 164 ? Buffer.alloc(0) : payload);
    }
    await Promise.all([begun, migration, abort]);
    expect(daemon.connections).toBe(2);
  });

  it('has four slow calls in progress at most: the daemon reads on, and control calls pass', async () => {
    const migrations = Array.from({ length: 6 }, () => there.migratePerform3Params({ flags }));
    const first = await take(only, 4);
    const state = there.getState();
    const asked = await only.nextCall();
    expect([asked.procedure, only.waitingCalls]).toEqual([212, 0]);
    only.reply(asked, Buffer.concat([bytes.u32(1), bytes.u32(1)]));
    await state;
    for (const call of first) only.reply(call, noCookie);
    for (const call of await take(only, 2)) only.reply(call, noCookie);
    await Promise.all(migrations);
  });

  it('loses slow calls with it, and those that waited as never sent', async () => {
    const migrations = Array.from({ length: 5 }, () => there.migratePerform3Params({ flags }));
    const outcomes = Promise.allSettled(migrations);
    await take(only, 4);
    only.socket.destroy();
    const reasons = (await outcomes).map((outcome) =>
      outcome.status === 'rejected' ? outcome.reason : null,
    );
    expect(reasons).toEqual([
      ...Array.from({ length: 4 }, () => expect.objectContaining({ fullyWritten: true })),
      expect.objectContaining({ fullyWritten: false }),
    ]);
    expect(one.isClosed).toBe(true);
    expect(daemon.connections).toBe(2);
  });
});

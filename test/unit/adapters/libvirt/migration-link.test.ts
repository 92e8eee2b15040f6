import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  absent,
  domain,
  opaque,
  present,
  sampleUuid,
  str,
  u32,
} from '../../../../packages/node-libvirt/test/bytes.ts';
import { FakeDaemon, type FakePeer } from '../../../../packages/node-libvirt/test/fake-daemon.ts';
import { migrationOptions } from '../../../../machines/policy/migration/request.ts';
import { LibvirtMigrationLink } from '../../../../src/adapters/libvirt/migration-link.ts';
import { toFailure } from '../../../../src/ports/failure.ts';
import type { MigrateCall, MigrationOptions } from '../../../../src/ports/migration.ts';

const unending = new AbortController().signal;
const procedures = {
  lookUp: 24,
  getState: 212,
  getJobStats: 298,
  isPersistent: 151,
  begin: 302,
  prepare: 303,
  perform: 305,
  finish: 306,
  confirm: 307,
} as const;
const flag = { paused: 32, undefineSource: 16, changeProtection: 256, autoConverge: 8192 };
const states = { running: 1, paused: 3 };
const definition = '<domain><secret>hush</secret></domain>';

let source: FakeDaemon;
let destination: FakeDaemon;
let link: LibvirtMigrationLink;
let from: FakePeer;
let to: FakePeer;

beforeEach(async () => {
  [source, destination] = await Promise.all([FakeDaemon.listen(), FakeDaemon.listen()]);
  const ends = { source: source.uri, destination: destination.uri };
  link = await LibvirtMigrationLink.open(ends, unending);
  [from, to] = await Promise.all([source.nextPeer(), destination.nextPeer()]);
});

afterEach(async () => {
  await link.close();
  await Promise.all([source[Symbol.asyncDispose](), destination[Symbol.asyncDispose]()]);
});

function callWith(given: Partial<MigrationOptions> = {}): MigrateCall {
  const options = migrationOptions({ destinationConnectUri: null, ...given });
  return { domainUuid: sampleUuid, purpose: 'move', persistent: true, copyDisks: [], options };
}

/** Takes the next call, which must be that one, and answers it. @returns what was sent */
async function answer(
  peer: FakePeer,
  procedure: keyof typeof procedures,
  reply: Buffer | number = Buffer.alloc(0),
): Promise<Buffer> {
  const call = await peer.nextCall();
  expect(call.procedure).toBe(procedures[procedure]);
  if (typeof reply === 'number') peer.fail(call, reply, 'so it is');
  else peer.reply(call, reply);
  return call.payload;
}

function cookie(text: string): Buffer {
  return opaque(Buffer.from(text));
}

/** Flags end the arguments of Begin, Prepare and Perform; Finish and Confirm add `cancelled`. */
function flagsOf(payload: Buffer, after: 'arguments' | 'cancelled' = 'arguments'): number {
  return payload.readUInt32BE(payload.length - (after === 'cancelled' ? 8 : 4));
}

async function begin(call: MigrateCall, state: number = states.running): Promise<Buffer> {
  const begun = link.begin(call, unending);
  await answer(from, 'lookUp', domain('guest'));
  const sent = await answer(from, 'begin', Buffer.concat([cookie('of begin'), str(definition)]));
  await answer(from, 'getState', Buffer.concat([u32(state), u32(1)]));
  await begun;
  return sent;
}

async function prepare(call: MigrateCall): Promise<Buffer> {
  const prepared = link.prepare(call, unending);
  const uri = present(str('tcp:there:49152'));
  const sent = await answer(to, 'prepare', Buffer.concat([cookie('of prepare'), uri]));
  await prepared;
  return sent;
}

async function perform(call: MigrateCall): Promise<Buffer> {
  const performed = link.perform(call, unending);
  const sent = await answer(from, 'perform', cookie('of perform'));
  await performed;
  return sent;
}

async function finish(call: MigrateCall): Promise<Buffer> {
  const finished = link.finish(call, false, unending);
  const reply = Buffer.concat([domain('guest'), cookie('of finish')]);
  const sent = await answer(to, 'finish', reply);
  expect(await finished).toBe('guest');
  return sent;
}

async function confirm(call: MigrateCall, cancelled: boolean): Promise<Buffer> {
  const confirmed = link.confirm(call, cancelled, unending);
  const sent = await answer(from, 'confirm');
  await confirmed;
  return sent;
}

async function wholeMigration(call: MigrateCall, state?: number) {
  return {
    begin: await begin(call, state),
    prepare: await prepare(call),
    perform: await perform(call),
    finish: await finish(call),
    confirm: await confirm(call, false),
  };
}

async function finishCancelled(code: number): Promise<{ readonly held: Promise<unknown> }> {
  const call = callWith();
  await begin(call);
  await prepare(call);
  const held = link.finish(call, true, unending).catch(toFailure);
  await answer(to, 'finish', code);
  return { held };
}

describe('each phase', () => {
  test('takes the cookie of the phase before it', async () => {
    const sent = await wholeMigration(callWith());
    expect(sent.prepare.includes('of begin')).toBe(true);
    expect(sent.perform.includes('of prepare')).toBe(true);
    expect(sent.finish.includes('of perform')).toBe(true);
    expect(sent.confirm.includes('of finish')).toBe(true);
  });

  test('takes what the two daemons have answered so far', async () => {
    const sent = await wholeMigration(callWith({ migrationUri: 'tcp://wished' }));
    expect(sent.prepare.includes(str('destination_xml'))).toBe(true);
    expect(sent.prepare.includes(definition)).toBe(true);
    expect(sent.prepare.includes('tcp://wished')).toBe(true);
    expect(sent.perform.includes('tcp:there:49152')).toBe(true);
    expect(sent.perform.includes('tcp://wished')).toBe(false);
    expect(sent.perform.includes(definition)).toBe(true);
    const name = Buffer.concat([str('destination_name'), u32(7), str('guest')]);
    expect(sent.finish.includes(name)).toBe(true);
  });

  test('protects the domain from change, and the last alone ends its definition', async () => {
    const sent = await wholeMigration(callWith());
    const flags = [flagsOf(sent.begin), flagsOf(sent.perform), flagsOf(sent.confirm, 'cancelled')];
    expect(flags.map((each) => (each & flag.changeProtection) > 0)).toEqual([true, true, true]);
    expect(flags.map((each) => (each & flag.undefineSource) > 0)).toEqual([false, false, true]);
  });

  test('knows that the guest was paused, from Prepare on', async () => {
    const sent = await wholeMigration(callWith(), states.paused);
    expect(flagsOf(sent.begin) & flag.paused).toBe(0);
    expect(flagsOf(sent.prepare) & flag.paused).toBe(flag.paused);
    expect(flagsOf(sent.perform) & flag.paused).toBe(flag.paused);
    expect(flagsOf(sent.finish, 'cancelled') & flag.paused).toBe(flag.paused);
    expect(flagsOf(sent.confirm, 'cancelled') & flag.paused).toBe(flag.paused);
  });

  test('keeps from the destination what is for the source alone', async () => {
    const sent = await wholeMigration(callWith({ autoConverge: true }));
    expect(flagsOf(sent.perform) & flag.autoConverge).toBe(flag.autoConverge);
    expect(flagsOf(sent.prepare) & flag.autoConverge).toBe(0);
    expect(flagsOf(sent.finish, 'cancelled') & flag.autoConverge).toBe(0);
  });
});

describe('a destination that says nowhere', () => {
  test('is taken at our own word', async () => {
    const call = callWith({ migrationUri: 'tcp://wished' });
    await begin(call);
    const prepared = link.prepare(call, unending);
    await answer(to, 'prepare', Buffer.concat([cookie('of prepare'), absent]));
    await prepared;
    expect((await perform(call)).includes('tcp://wished')).toBe(true);
  });

  test('fails where we have none', async () => {
    await begin(callWith());
    const prepared = link.prepare(callWith(), unending).catch(toFailure);
    await answer(to, 'prepare', Buffer.concat([cookie('of prepare'), absent]));
    expect(await prepared).toMatchObject({ code: 'protocolError', effect: 'unknown' });
  });
});

describe('what a refusal leaves behind', () => {
  test('nothing in Begin and Prepare; from Perform on nobody knows', async () => {
    const call = callWith();
    const begun = link.begin(call, unending).catch(toFailure);
    await answer(from, 'lookUp', domain('guest'));
    await answer(from, 'begin', 9);
    expect(await begun).toMatchObject({ effect: 'none' });
    await begin(call);
    const prepared = link.prepare(call, unending).catch(toFailure);
    await answer(to, 'prepare', 9);
    expect(await prepared).toMatchObject({ effect: 'none' });
    await prepare(call);
    const performed = link.perform(call, unending).catch(toFailure);
    await answer(from, 'perform', 9);
    expect(await performed).toMatchObject({ effect: 'unknown' });
    const finished = link.finish(call, false, unending).catch(toFailure);
    const sent = await answer(to, 'finish', 9);
    expect(await finished).toMatchObject({ effect: 'unknown' });
    expect(sent.includes('of prepare')).toBe(false);
    const confirmed = link.confirm(call, true, unending).catch(toFailure);
    await answer(from, 'confirm', 9);
    expect(await confirmed).toMatchObject({ effect: 'unknown' });
  });

  test('after Begin a refusal is not nothing any more', async () => {
    const begun = link.begin(callWith(), unending).catch(toFailure);
    await answer(from, 'lookUp', domain('guest'));
    await answer(from, 'begin', Buffer.concat([cookie('of begin'), str(definition)]));
    await answer(from, 'getState', 38);
    expect(await begun).toMatchObject({ effect: 'unknown' });
  });
});

describe('a cancelled Finish', () => {
  test('has worked where libvirt says so with its error 93', async () => {
    const { held } = await finishCancelled(93);
    expect(await held).toBe('nothing');
    expect(to.waitingCalls).toBe(0);
  });

  test('has worked where a look shows that nothing is left', async () => {
    const { held } = await finishCancelled(1);
    await answer(to, 'lookUp', 42);
    expect(await held).toBe('nothing');
  });

  test('has failed where something is left', async () => {
    const { held } = await finishCancelled(1);
    await answer(to, 'lookUp', domain('guest'));
    const state = Buffer.concat([u32(states.paused), u32(11)]);
    await answer(to, 'getState', state);
    await answer(to, 'getJobStats', 84);
    await answer(to, 'getState', state);
    await answer(to, 'isPersistent', u32(0));
    expect(await held).toMatchObject({ effect: 'unknown', libvirt: { code: 1 } });
  });
});

describe('a connection that ends', () => {
  test.for(['source', 'destination'] as const)('is told when it is the %s', async (peer) => {
    (peer === 'source' ? from : to).socket.destroy();
    expect(await link.lost).toMatchObject({ peer });
  });

  test('leaves a phase under way unknown, and tells no secret', async () => {
    const call = callWith();
    await begin(call);
    await prepare(call);
    const performed = link.perform(call, unending).catch(toFailure);
    await from.nextCall();
    from.socket.destroy();
    const failure = await performed;
    expect(failure).toMatchObject({ code: 'connectionLost', effect: 'unknown' });
    expect(JSON.stringify(failure)).not.toContain('hush');
    expect(JSON.stringify(failure)).not.toContain('of prepare');
  });

  test('is not opened twice: one end that cannot be reached closes the other', async () => {
    const ends = { source: source.uri, destination: `${destination.uri}-nowhere` };
    const failure = await LibvirtMigrationLink.open(ends, unending).catch(toFailure);
    expect(failure).toMatchObject({ code: 'hostUnreachable', effect: 'none' });
    const opened = await source.nextPeer();
    await opened.closed;
  });
});

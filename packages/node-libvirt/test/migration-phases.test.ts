import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isMigrateFinishOk, LibvirtError, open, type Connection } from '../src/index.ts';
import * as bytes from './bytes.ts';
import { FakeDaemon } from './fake-daemon.ts';

let daemon: FakeDaemon;
let connection: Connection;

beforeEach(async () => {
  daemon = await FakeDaemon.listen();
  connection = await open(daemon.uri, { keepAlive: 'off' });
});

afterEach(async () => {
  await connection.close();
  await daemon[Symbol.asyncDispose]();
});

const { absent, domain, opaque, present, sampleUuid, str, u32, u64 } = bytes;
/** One typed parameter of type string (7), one of type ullong (4). */
const params = { destination_name: 'moved', bandwidth: 5 };
const wireParams = Buffer.concat([
  u32(2),
  Buffer.concat([str('destination_name'), u32(7), str('moved')]),
  Buffer.concat([str('bandwidth'), u32(4), u64(5n)]),
]);
const cookie = Buffer.from('<cookie/>');
const flags = 257;

describe('the phases of a migration that the client drives', () => {
  it('Prepare sends parameters, cookie and flags, and takes a cookie and where to send', async () => {
    await daemon.nextPeer();
    const prepared = connection.migratePrepare3Params({ params, cookie, flags });
    const blocking = await daemon.nextPeer();
    const call = await blocking.nextCall();
    expect(call.procedure).toBe(303);
    expect(call.payload).toEqual(Buffer.concat([wireParams, opaque(cookie), u32(flags)]));
    blocking.reply(call, Buffer.concat([opaque(Buffer.from('dst')), present(str('tcp:b:49152'))]));
    expect(await prepared).toEqual({
      cookie: new Uint8Array(Buffer.from('dst')),
      uri: 'tcp:b:49152',
    });
  });

  it('Prepare answers null where the daemon names no address', async () => {
    await daemon.nextPeer();
    const prepared = connection.migratePrepare3Params({ flags });
    const blocking = await daemon.nextPeer();
    blocking.reply(await blocking.nextCall(), Buffer.concat([u32(0), absent]));
    expect(await prepared).toEqual({ cookie: new Uint8Array(), uri: null });
  });

  it('Finish says whether it was cancelled, and takes the domain', async () => {
    await daemon.nextPeer();
    const finished = connection.migrateFinish3Params({ params, cookie, flags, cancelled: false });
    const blocking = await daemon.nextPeer();
    const call = await blocking.nextCall();
    expect(call.procedure).toBe(306);
    expect(call.payload).toEqual(Buffer.concat([wireParams, opaque(cookie), u32(flags), u32(0)]));
    blocking.reply(call, Buffer.concat([domain('moved'), opaque(cookie)]));
    const reply = await finished;
    expect([reply.domain.name, reply.domain.uuid]).toEqual(['moved', sampleUuid]);
    expect(Buffer.from(reply.cookie)).toEqual(cookie);
  });

  it('a cancelled Finish that worked is told apart from one that failed', async () => {
    await daemon.nextPeer();
    const finish = () => connection.migrateFinish3Params({ params, flags, cancelled: true });
    const done = finish().catch((error: unknown) => error);
    const peer = await daemon.nextPeer();
    const call = await peer.nextCall();
    expect(call.payload).toEqual(Buffer.concat([wireParams, u32(0), u32(flags), u32(1)]));
    peer.fail(call, 93, 'migration successfully aborted');
    const failed = finish().catch((error: unknown) => error);
    peer.fail(await peer.nextCall(), 42, 'no domain with matching name');
    expect([isMigrateFinishOk(await done), isMigrateFinishOk(await failed)]).toEqual([true, false]);
    expect(await failed).toBeInstanceOf(LibvirtError);
  });

  it('Confirm goes to the domain, with nothing in return', async () => {
    const control = await daemon.nextPeer();
    const looked = connection.domainLookupByName('guest');
    control.reply(await control.nextCall(), domain('guest'));
    const confirmed = (await looked).migrateConfirm3Params({ params, flags, cancelled: true });
    const blocking = await daemon.nextPeer();
    const call = await blocking.nextCall();
    expect(call.procedure).toBe(307);
    expect(call.payload).toEqual(
      Buffer.concat([domain('guest'), wireParams, u32(0), u32(flags), u32(1)]),
    );
    blocking.reply(call);
    await confirmed;
  });

  it('refuses a cookie above 4 MiB before anything is sent, and one that comes', async () => {
    const control = await daemon.nextPeer();
    const huge = new Uint8Array(4_194_305);
    await expect(connection.migratePrepare3Params({ cookie: huge, flags })).rejects.toThrow(
      'above its maximum',
    );
    const prepared = connection.migratePrepare3Params({ flags });
    const blocking = await daemon.nextPeer();
    blocking.reply(await blocking.nextCall(), Buffer.concat([u32(4_194_305), absent]));
    await expect(prepared).rejects.toMatchObject({ name: 'ConnectionLostError' });
    expect(control.waitingCalls).toBe(0);
  });
});

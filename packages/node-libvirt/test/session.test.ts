import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ConnectionLostError,
  EncodeError,
  errorCodes,
  isLibvirtError,
  isNoDomain,
  LibvirtError,
  open,
  ProtocolError,
  type CloseReason,
  type Connection,
} from '../src/index.ts';
import * as bytes from './bytes.ts';
import { FakeDaemon, type Call, type FakePeer } from './fake-daemon.ts';

let daemon: FakeDaemon;
let connection: Connection;
let peer: FakePeer;

beforeEach(async () => {
  daemon = await FakeDaemon.listen();
  connection = await open(daemon.uri, { keepAlive: 'off' });
  peer = await daemon.nextPeer();
});

afterEach(async () => {
  await daemon[Symbol.asyncDispose]();
});

const hostname = (name: string): Buffer => bytes.str(name);
const nextClose = (): Promise<CloseReason> =>
  new Promise((resolve) => connection.once('close', resolve));

describe('a call', () => {
  it('resolves to what the daemon answers', async () => {
    const asked = connection.getHostname();
    const call = await peer.nextCall();
    expect(call).toMatchObject({ program: bytes.remoteProgram, procedure: 59 });
    peer.reply(call, hostname('host-a'));
    expect(await asked).toBe('host-a');
  });

  it('finds its own reply whatever the order of the replies', async () => {
    const asked = [connection.getHostname(), connection.getHostname(), connection.getHostname()];
    const calls = [await peer.nextCall(), await peer.nextCall(), await peer.nextCall()];
    for (const [index, call] of [...calls.entries()].toReversed())
      peer.reply(call, hostname(`host-${index}`));
    expect(await Promise.all(asked)).toEqual(['host-0', 'host-1', 'host-2']);
  });

  it('rejects with everything the daemon says of an error', async () => {
    const asked = connection.domainLookupByName('absent');
    peer.fail(await peer.nextCall(), 42, 'Domain not found');
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(LibvirtError);
    expect(error).toMatchObject({
      code: errorCodes.NO_DOMAIN,
      domain: 10,
      level: 2,
      serverMessage: 'Domain not found',
      procedure: 'domainLookupByName',
    });
    expect([isNoDomain(error), isLibvirtError(error, 42), isLibvirtError(error, 43)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('leaves the connection whole when an argument cannot be sent', async () => {
    await expect(connection.domainLookupByName('a\0b')).rejects.toThrow(EncodeError);
    await expect(connection.domainLookupByUUID('not-a-uuid')).rejects.toThrow(EncodeError);
    const asked = connection.getHostname();
    const call = await peer.nextCall();
    expect(call.procedure).toBe(59);
    peer.reply(call, hostname('still here'));
    expect(await asked).toBe('still here');
  });
});

describe('an abort', () => {
  it('rejects at once with the reason, and the late reply harms nobody', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const asked = connection.getHostname({ signal: controller.signal });
    const abandoned = await peer.nextCall();
    controller.abort(reason);
    await expect(asked).rejects.toBe(reason);
    const again = connection.getHostname();
    const call = await peer.nextCall();
    peer.reply(abandoned, hostname('too late'));
    peer.reply(call, hostname('in time'));
    expect(await again).toBe('in time');
    expect(connection.isClosed).toBe(false);
  });

  it('that came before the call sends nothing', async () => {
    const signal = AbortSignal.abort(new Error('never'));
    await expect(connection.getHostname({ signal })).rejects.toThrow('never');
    const asked = connection.getType();
    expect((await peer.nextCall()).procedure).toBe(3);
    expect(peer.waitingCalls).toBe(0);
    connection.close().catch(() => null);
    await expect(asked).rejects.toThrow(ConnectionLostError);
  });
});

describe('a connection that ends', () => {
  it('under a call that was sent leaves the outcome unknown', async () => {
    const asked = connection.getHostname();
    const closed = nextClose();
    await peer.nextCall();
    peer.socket.destroy();
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionLostError);
    expect(error).toMatchObject({ procedure: 'connectGetHostname', fullyWritten: true });
    expect(await closed).toMatchObject({
      kind: 'lost',
      error: expect.any(ConnectionLostError) as unknown,
    });
    expect(connection.isClosed).toBe(true);
  });

  it('under a request that never left whole says so', async () => {
    // More than a socket takes while nobody reads it.
    peer.socket.pause();
    const asked = connection.domainDefineXML('x'.repeat(4_000_000));
    peer.socket.destroy();
    await expect(asked).rejects.toMatchObject({
      procedure: 'domainDefineXmlFlags',
      fullyWritten: false,
    });
  });

  it('is careful about a request that shared a cut write with a larger one', async () => {
    peer.socket.pause();
    const asked = connection.getHostname();
    const large = connection.domainDefineXML('x'.repeat(4_000_000));
    peer.socket.destroy();
    await expect(asked).rejects.toMatchObject({ fullyWritten: true });
    await expect(large).rejects.toMatchObject({ fullyWritten: false });
  });

  it('refuses further calls as never sent', async () => {
    const closed = nextClose();
    peer.socket.destroy();
    await closed;
    await expect(connection.getHostname()).rejects.toMatchObject({ fullyWritten: false });
    await expect(connection.domainCreateXML('<domain/>')).rejects.toMatchObject({
      fullyWritten: false,
    });
  });

  it('by close() says goodbye, tells why once, and may be closed again', async () => {
    const reasons: CloseReason[] = [];
    connection.on('close', (reason) => reasons.push(reason));
    await connection.close();
    await connection.close();
    await peer.closed;
    expect(reasons).toEqual([{ kind: 'requested' }]);
  });

  it('closes by itself at the end of an await using block', async () => {
    let scoped: Connection;
    {
      await using inner = await open(daemon.uri);
      scoped = inner;
    }
    expect(scoped.isClosed).toBe(true);
  });
});

describe('a peer that breaks the protocol', () => {
  const { str, u32 } = bytes;
  /** Each is a good reply to the call in all but one respect. */
  const wrong: [string, Partial<bytes.MessageFields>, Buffer][] = [
    ['answers a serial that nobody asked', { serial: 999 }, str('a')],
    ['answers with another procedure', { procedure: 60 }, str('a')],
    ['answers with another program', { program: bytes.qemuProgram }, str('a')],
    ['speaks an unknown program', { program: 1 }, str('a')],
    ['speaks another version', { version: 2 }, str('a')],
    ['calls us', { type: 0 }, str('a')],
    ['sends a stream', { type: 3 }, str('a')],
    ['sends file descriptors', { type: 5 }, str('a')],
    ['uses an unknown type', { type: 77 }, str('a')],
    ['uses a stream status', { status: 2 }, bytes.errorPayload(1, 'a')],
    ['uses an unknown status', { status: 9 }, str('a')],
    ['sends too short a result', {}, u32(9)],
    ['sends too long a result', {}, Buffer.concat([str('a'), u32(0)])],
    ['sends half an error', { status: 1 }, u32(42)],
    ['sends too long an error', { status: 1 }, Buffer.concat([bytes.errorPayload(1, 'a'), u32(0)])],
    [
      'sends an unknown keepalive',
      { program: bytes.keepAliveProgram, procedure: 3, type: 2, serial: 0 },
      Buffer.alloc(0),
    ],
  ];
  const broken: [string, (call: Call) => Buffer][] = [
    ...wrong.map(([name, fields, payload]): [string, (call: Call) => Buffer] => [
      name,
      ({ procedure, serial }) => bytes.message({ procedure, serial, type: 1, ...fields }, payload),
    ]),
    ['announces too large a message', () => u32(0x7fff_ffff)],
    ['announces too small a message', () => u32(4)],
  ];
  it.each(broken)('%s: the connection ends with a ProtocolError', async (_name, message) => {
    const asked = connection.getHostname();
    const closed = nextClose();
    peer.socket.write(message(await peer.nextCall()));
    await expect(asked).rejects.toMatchObject({
      name: 'ConnectionLostError',
      fullyWritten: true,
      cause: expect.any(ProtocolError) as unknown,
    });
    expect(await closed).toMatchObject({
      kind: 'lost',
      error: expect.any(ProtocolError) as unknown,
    });
    await peer.closed;
  });

  it('is not heard any further, even within the same chunk', async () => {
    const asked = [connection.getHostname(), connection.getHostname()];
    const [first, second] = [await peer.nextCall(), await peer.nextCall()];
    const bad = bytes.message({ procedure: 59, type: 1, serial: first.serial }, bytes.u32(9));
    const good = bytes.message({ procedure: 59, type: 1, serial: second.serial }, bytes.str('b'));
    peer.socket.write(Buffer.concat([bad, good]));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  });
});

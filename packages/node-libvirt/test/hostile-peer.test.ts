import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConnectionLostError, LibvirtError, open, ProtocolError } from '../src/index.ts';
import {
  connectProcedures,
  domainProcedures,
  header,
  migrationProcedures,
  qemuProcedures,
  remoteError,
  storageNetworkProcedures,
} from '../src/protocol/index.ts';
import { domainEventKinds, eventMessages } from '../src/protocol/event-messages.ts';
import { XdrReader } from '../src/xdr/reader.ts';
import type { Codec } from '../src/xdr/codec.ts';
import * as bytes from './bytes.ts';
import { FakeDaemon } from './fake-daemon.ts';

const tables = {
  ...connectProcedures,
  ...domainProcedures,
  ...migrationProcedures,
  ...qemuProcedures,
  ...storageNetworkProcedures,
};
const layouts: [string, Codec<unknown>][] = [
  ['header', header],
  ['remoteError', remoteError],
  ...domainEventKinds.map((kind): [string, Codec<unknown>] => [kind, eventMessages[kind].layout]),
  ...Object.values(tables).flatMap(({ name, args, result }): [string, Codec<unknown>][] => [
    [`${name} arguments`, args],
    [`${name} result`, result],
  ]),
];

/** Bytes that look like something: small numbers, huge counts, text, noise. */
const payload = fc
  .array(
    fc.oneof(
      fc.nat(5).map(bytes.u32),
      fc.constantFrom(0xffff_ffff, 0x7fff_ffff, 16_384, 4_194_304).map(bytes.u32),
      fc.string({ maxLength: 9 }).map(bytes.str),
      fc.constant(bytes.domain('guest')),
      fc.uint8Array({ maxLength: 40 }).map((noise) => Buffer.from(noise)),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.concat(parts));

describe('hostile bytes', () => {
  it.each(layouts)('%s: are read or refused with a ProtocolError, never more', (_name, layout) => {
    fc.assert(
      fc.property(payload, (message) => {
        try {
          const reader = new XdrReader(message);
          layout.decode(reader);
          expect(reader.remainingBytes).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('a hostile daemon', () => {
  let daemon: FakeDaemon;
  beforeAll(async () => {
    daemon = await FakeDaemon.listen();
  });
  afterAll(async () => {
    await daemon[Symbol.asyncDispose]();
  });

  const fields = fc.record({
    program: fc.constantFrom(bytes.remoteProgram, bytes.qemuProgram, bytes.keepAliveProgram, 0),
    version: fc.constantFrom(1, 1, 1, 0, 0xffff_ffff),
    procedure: fc.constantFrom(59, 318, 363, 339, 1, 2, 6, 0, 0xffff_ffff),
    type: fc.constantFrom(0, 1, 2, 3, 5, 77),
    serial: fc.constantFrom(0, 1, 4, 5, 0xffff_ffff),
    status: fc.constantFrom(0, 1, 2, 9),
  });
  const noise = fc.uint8Array({ minLength: 1, maxLength: 200 }).map((data) => Buffer.from(data));
  const message = fc.tuple(fields, payload).map(([head, body]) => bytes.message(head, body));
  const damaged = fc
    .tuple(message, fc.nat(), fc.nat(255))
    .map(([whole, at, value]) =>
      Buffer.from(whole).fill(value, at % whole.length, (at % whole.length) + 1),
    );
  const stream = fc
    .array(fc.oneof(noise, message, damaged), { minLength: 1, maxLength: 6 })
    .map((parts) => Buffer.concat(parts));

  it('is survived: every call ends, the connection lives on or says why it ended', async () => {
    await fc.assert(
      fc.asyncProperty(stream, fc.integer({ min: 1, max: 64 }), async (sent, sizeBytes) => {
        const connection = await open(daemon.uri, { keepAlive: 'off' });
        const peer = await daemon.nextPeer();
        const closed = new Promise<unknown>((resolve) => connection.once('close', resolve));
        const asked = connection.getHostname();
        await peer.nextCall();
        for (const piece of bytes.pieces(sent, sizeBytes)) peer.socket.write(piece);
        peer.socket.end();
        const outcome: unknown = await asked.catch((error: unknown) => error);
        const isKnown = outcome instanceof ConnectionLostError || outcome instanceof LibvirtError;
        expect(isKnown || typeof outcome === 'string').toBe(true);
        expect(await closed).toMatchObject({ kind: 'lost' });
      }),
      { numRuns: 150 },
    );
  });

  it('cannot make us hold more than it sends', async () => {
    const connection = await open(daemon.uri, { keepAlive: 'off' });
    const peer = await daemon.nextPeer();
    const asked = connection.listAllDomains();
    const call = await peer.nextCall();
    const before = process.memoryUsage();
    const huge = Buffer.concat([bytes.u32(16_384), bytes.domain('guest')]);
    peer.reply(call, huge);
    await expect(asked).rejects.toThrow(ConnectionLostError);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(1_048_576);
  });
});

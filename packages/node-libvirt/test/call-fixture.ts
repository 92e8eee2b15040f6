import { expect } from 'vitest';
import { open, type Connection, type Domain } from '../src/index.ts';
import * as bytes from './bytes.ts';
import { FakeDaemon, type Call, type FakePeer } from './fake-daemon.ts';

/** One call, byte for byte: what it sends, what comes back, and what becomes of that. */
export interface CallExample {
  readonly call: (guest: Domain, connection: Connection) => Promise<unknown>;
  readonly program?: number;
  readonly procedure: number;
  readonly sends: Buffer;
  readonly reply?: Buffer;
  readonly result?: unknown;
}

/** A domain of a fake daemon, on a connection of one socket, so that calls of every lane arrive there. */
export class CallFixture implements AsyncDisposable {
  readonly daemon: FakeDaemon;
  readonly connection: Connection;
  readonly peer: FakePeer;
  readonly guest: Domain;

  static async open(): Promise<CallFixture> {
    const daemon = await FakeDaemon.listen();
    const connection = await open(daemon.uri, { keepAlive: 'off', sockets: 'one' });
    const peer = await daemon.nextPeer();
    const looked = connection.domainLookupByName('guest');
    peer.reply(await peer.nextCall(), bytes.domain('guest'));
    return new CallFixture(daemon, connection, peer, await looked);
  }

  private constructor(daemon: FakeDaemon, connection: Connection, peer: FakePeer, guest: Domain) {
    this.daemon = daemon;
    this.connection = connection;
    this.peer = peer;
    this.guest = guest;
  }

  /** Makes the call, answers it and holds all of it against the example. */
  async expectExample(example: CallExample): Promise<void> {
    const made = example.call(this.guest, this.connection);
    const call = await this.peer.nextCall();
    expect({ ...call, serial: 0 }).toEqual({
      program: example.program ?? bytes.remoteProgram,
      procedure: example.procedure,
      serial: 0,
      payload: example.sends,
    });
    this.peer.reply(call, example.reply);
    expect(await made).toEqual(example.result);
  }

  /** Makes a call whose answer is for the test to give. */
  async asked<T>(made: Promise<T>): Promise<{ made: Promise<T>; call: Call }> {
    return { made, call: await this.peer.nextCall() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
    await this.daemon[Symbol.asyncDispose]();
  }
}

/** remote_nonnull_domain of the fixture's guest, in front of most arguments. */
export const guestHandle = bytes.domain('guest');

export function concat(...parts: readonly Buffer[]): Buffer {
  return Buffer.concat(parts);
}

/** remote_typed_param, by the numbers of virTypedParameterType. */
export const param = {
  uint: (field: string, value: number): Buffer =>
    concat(bytes.str(field), bytes.u32(2), bytes.u32(value)),
  int: (field: string, value: number): Buffer =>
    concat(bytes.str(field), bytes.u32(1), bytes.u32(value)),
  ullong: (field: string, value: bigint): Buffer =>
    concat(bytes.str(field), bytes.u32(4), bytes.u64(value)),
  string: (field: string, value: string): Buffer =>
    concat(bytes.str(field), bytes.u32(7), bytes.str(value)),
};

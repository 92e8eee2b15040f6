import { open, type Connection, type DomainEventKind, type Subscription } from '../src/index.ts';
import { str, u32 } from './bytes.ts';
import { FakeDaemon, type Call, type FakePeer } from './fake-daemon.ts';

export const callbackId = 5;

/** A connection to a fake daemon, and what tests of events do with it. */
export class EventFixture implements AsyncDisposable {
  readonly daemon: FakeDaemon;
  readonly connection: Connection;
  readonly peer: FakePeer;

  static async open(): Promise<EventFixture> {
    const daemon = await FakeDaemon.listen();
    const connection = await open(daemon.uri, { keepAlive: 'off' });
    return new EventFixture(daemon, connection, await daemon.nextPeer());
  }

  private constructor(daemon: FakeDaemon, connection: Connection, peer: FakePeer) {
    this.daemon = daemon;
    this.connection = connection;
    this.peer = peer;
  }

  /** Lets the fake daemon agree to a registration under way; answers what it was asked. */
  async agree(
    asked: Promise<Subscription>,
    id: number = callbackId,
  ): Promise<{ subscription: Subscription; call: Call }> {
    const call = await this.peer.nextCall();
    this.peer.reply(call, u32(id));
    return { subscription: await asked, call };
  }

  /** A call and its reply: whatever the daemon sent before is heard by then. */
  async fence(): Promise<void> {
    const asked = this.connection.getHostname();
    this.peer.reply(await this.peer.nextCall(), str('host'));
    await asked;
  }

  /** Everything emitted of one kind, as it comes. */
  heard(kind: DomainEventKind): Readonly<Record<string, unknown>>[] {
    const events: Readonly<Record<string, unknown>>[] = [];
    this.connection.on(kind, (event: object) => events.push({ ...event }));
    return events;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.connection.close();
    await this.daemon[Symbol.asyncDispose]();
  }
}

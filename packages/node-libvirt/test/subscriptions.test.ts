import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import * as bytes from './bytes.ts';
import { callbackId, EventFixture } from './event-fixture.ts';

const { u32, str, domain } = bytes;
const otherUuid = '00000000-0000-4000-8000-000000000001';
const deregister = 317;
const lifecycleMessage = 318;
let fixture: EventFixture;

beforeEach(async () => {
  fixture = await EventFixture.open();
});

afterEach(async () => {
  await fixture[Symbol.asyncDispose]();
});

function lifecycle(event: number, detail: number, uuid?: string, id = callbackId): Buffer {
  return Buffer.concat([u32(id), domain('guest', uuid), u32(event), u32(detail)]);
}

describe('subscriptions', () => {
  it('come in the order of the wire, before the reply that followed them', async () => {
    const events = fixture.heard('lifecycle');
    await fixture.agree(fixture.connection.subscribe('lifecycle'));
    const asked = fixture.connection.getHostname().then((name) => ({ name, seen: events.length }));
    const call = await fixture.peer.nextCall();
    for (const event of [2, 3, 4]) fixture.peer.event(lifecycleMessage, lifecycle(event, 0));
    fixture.peer.reply(call, str('host'));
    expect(await asked).toEqual({ name: 'host', seen: 3 });
    expect(events.map(({ event }) => event)).toEqual(['started', 'suspended', 'resumed']);
  });

  it('are heard when they overtake the reply to their registration', async () => {
    const events = fixture.heard('lifecycle');
    const asked = fixture.connection.subscribe('lifecycle');
    const call = await fixture.peer.nextCall();
    fixture.peer.event(lifecycleMessage, lifecycle(2, 0));
    fixture.peer.reply(call, u32(callbackId));
    await asked;
    expect(events).toHaveLength(1);
  });

  it('are registered once, however many want them, and for all domains', async () => {
    const events = fixture.heard('lifecycle');
    const looked = fixture.connection.domainLookupByName('guest');
    fixture.peer.reply(await fixture.peer.nextCall(), domain('guest'));
    const guest = await looked;
    const { subscription: one } = await fixture.agree(
      fixture.connection.subscribe('lifecycle', { domain: guest }),
    );
    fixture.peer.event(lifecycleMessage, lifecycle(2, 0, otherUuid));
    fixture.peer.event(lifecycleMessage, lifecycle(3, 0));
    await fixture.fence();
    expect(events.map(({ event }) => event)).toEqual(['suspended']);
    const all = await fixture.connection.subscribe('lifecycle');
    fixture.peer.event(lifecycleMessage, lifecycle(4, 0));
    fixture.peer.event(lifecycleMessage, lifecycle(5, 0, otherUuid));
    await fixture.fence();
    expect(events.map(({ event }) => event)).toEqual(['suspended', 'resumed', 'stopped']);
    await one.unsubscribe();
    expect(fixture.peer.waitingCalls).toBe(0);
    const ended = all.unsubscribe();
    const goodbye = await fixture.peer.nextCall();
    expect([goodbye.procedure, goodbye.payload]).toEqual([deregister, u32(callbackId)]);
    fixture.peer.event(lifecycleMessage, lifecycle(2, 0));
    fixture.peer.reply(goodbye);
    await ended;
    await all.unsubscribe();
    await fixture.fence();
    expect(events).toHaveLength(3);
  });

  it('of a taken-back registration do not reach the next one', async () => {
    const events = fixture.heard('lifecycle');
    const { subscription } = await fixture.agree(fixture.connection.subscribe('lifecycle'), 1);
    const ended = subscription.unsubscribe();
    const goodbye = await fixture.peer.nextCall();
    const again = fixture.connection.subscribe('lifecycle');
    const call = await fixture.peer.nextCall();
    fixture.peer.event(lifecycleMessage, lifecycle(2, 0, undefined, 1));
    fixture.peer.reply(goodbye);
    fixture.peer.reply(call, u32(2));
    await ended;
    await again;
    fixture.peer.event(lifecycleMessage, lifecycle(3, 0, undefined, 1));
    fixture.peer.event(lifecycleMessage, lifecycle(4, 0, undefined, 2));
    await fixture.fence();
    expect(events.map(({ event }) => event)).toEqual(['resumed']);
  });

  it('are not to be had when the daemon refuses, and may be asked for again', async () => {
    const refused = fixture.connection.subscribe('lifecycle');
    fixture.peer.fail(await fixture.peer.nextCall(), 3, 'no');
    await expect(refused).rejects.toMatchObject({ code: 3 });
    await fixture.agree(fixture.connection.subscribe('lifecycle'));
  });

  it('are taken back when the signal aborts while the daemon still thinks', async () => {
    const controller = new AbortController();
    const asked = fixture.connection.subscribe('lifecycle', { signal: controller.signal });
    const call = await fixture.peer.nextCall();
    controller.abort(new Error('never mind'));
    fixture.peer.reply(call, u32(callbackId));
    const goodbye = await fixture.peer.nextCall();
    expect(goodbye.procedure).toBe(deregister);
    fixture.peer.reply(goodbye);
    await expect(asked).rejects.toThrow('never mind');
  });

  it('that nobody can have asked for are ignored', async () => {
    fixture.peer.event(999, Buffer.alloc(8));
    fixture.peer.event(lifecycleMessage, lifecycle(2, 0));
    await fixture.fence();
    expect(fixture.connection.isClosed).toBe(false);
  });

  it('of a wrong shape end the connection', async () => {
    await fixture.agree(fixture.connection.subscribe('lifecycle'));
    const closed = new Promise((resolve) => fixture.connection.once('close', resolve));
    fixture.peer.event(lifecycleMessage, u32(callbackId));
    expect(await closed).toMatchObject({ kind: 'lost', error: { name: 'ProtocolError' } });
  });

  it('survive a listener that throws: it is reported, the next one is heard', async () => {
    const reported = new Promise((resolve) => process.once('uncaughtException', resolve));
    const listeners = process.listeners('uncaughtException').slice(0, -1);
    for (const listener of listeners) process.off('uncaughtException', listener);
    fixture.connection.once('lifecycle', () => {
      throw new Error('a bug of the listener');
    });
    const events = fixture.heard('lifecycle');
    await fixture.agree(fixture.connection.subscribe('lifecycle'));
    fixture.peer.event(lifecycleMessage, lifecycle(2, 0));
    fixture.peer.event(lifecycleMessage, lifecycle(3, 0));
    expect(await reported).toMatchObject({ message: 'a bug of the listener' });
    for (const listener of listeners) process.on('uncaughtException', listener);
    await vi.waitFor(() => expect(events.map(({ event }) => event)).toContain('suspended'));
  });

  it('end with the connection: unsubscribing afterwards is harmless', async () => {
    const { subscription } = await fixture.agree(fixture.connection.subscribe('lifecycle'));
    await fixture.connection.close();
    await subscription.unsubscribe();
  });
});

import { LibvirtError } from 'node-libvirt';
import { beforeEach, describe, expect, test } from 'vitest';
import { HostConnection } from '../../../../src/adapters/libvirt/host-connection.ts';
import { WatchSession } from '../../../../src/adapters/libvirt/watch-session.ts';
import { VirtualClock } from '../../../../src/adapters/simulated/index.ts';
import type { DomainObservation } from '../../../../src/ports/observation.ts';

const startEpochMs = 1_700_000_000_000;
let ending: AbortController;
let told: DomainObservation[];
let session: WatchSession;
let clock: VirtualClock;

beforeEach(() => {
  ending = new AbortController();
  told = [];
  clock = new VirtualClock({ startEpochMs, pace: 'asFastAsPossible' });
  const request = {
    uuid: '0b6dcf38-6f5c-4c52-9a4e-0d5a1f6f2a10',
    role: 'source',
    observe: (observation: DomainObservation) => void told.push(observation),
    progress: () => undefined,
  } as const;
  const host = new HostConnection('qemu:///system');
  session = new WatchSession(host, { request, clock, ended: ending.signal });
});

describe('telling', () => {
  test('dates what was seen', () => {
    session.tell({ kind: 'mirrorCreated' });
    expect(told).toEqual([{ kind: 'mirrorCreated', atEpochMs: startEpochMs }]);
  });

  test('stops with the end, also for what is under way', () => {
    ending.abort();
    session.tell({ kind: 'mirrorCreated' });
    expect(told).toEqual([]);
  });
});

describe('telling what has to be asked first', () => {
  const first = { kind: 'iteration', iteration: 1, remainingBytes: null } as const;

  test('keeps the order and the times of what was seen', async () => {
    const answer = Promise.withResolvers<number>();
    const asked = session.tellOnceAsked(first, async () => ({
      ...first,
      remainingBytes: await answer.promise,
    }));
    await clock.run(session.pause(10));
    session.tell({ kind: 'mirrorCreated' });
    expect(told).toEqual([]);
    answer.resolve(4096);
    await asked;
    expect(told).toEqual([
      { ...first, remainingBytes: 4096, atEpochMs: startEpochMs },
      { kind: 'mirrorCreated', atEpochMs: startEpochMs + 10 },
    ]);
  });

  test('tells it as it was seen when the session ends first', () => {
    void session.tellOnceAsked(first, () => new Promise<never>(() => undefined));
    session.tell({ kind: 'mirrorCreated' });
    ending.abort();
    expect(told.map(({ kind }) => kind)).toEqual(['iteration', 'mirrorCreated']);
  });
});

describe('reading', () => {
  test('is repeated when an event came in between', async () => {
    const answers = ['old', 'new'];
    const read = session.read(() => Promise.resolve(answers.shift()));
    session.noteEvent();
    expect(await read).toBe('new');
    expect(answers).toEqual([]);
  });

  test('gives nothing when the daemon refuses', async () => {
    const procedure = 'domainGetState';
    const refusal = { code: 55, domain: 10, level: 2, serverMessage: 'no', procedure };
    expect(await session.read(() => Promise.reject(new LibvirtError(refusal)))).toBeNull();
  });

  test('gives nothing once the session has ended', async () => {
    const read = session.read(() => Promise.resolve('late'));
    ending.abort();
    expect(await read).toBeNull();
  });

  test('does not hide a bug', async () => {
    const read = session.read(() => Promise.reject(new TypeError('a bug')));
    await expect(read).rejects.toThrow('a bug');
  });
});

describe('a pause', () => {
  test('lasts its time', async () => {
    await clock.run(session.pause(250));
    expect(clock.nowEpochMs()).toBe(startEpochMs + 250);
  });

  test('ends with an event', async () => {
    const pause = session.pause(250);
    session.noteEvent();
    await pause;
    expect(clock.nowEpochMs()).toBe(startEpochMs);
  });

  test('ends with the session', async () => {
    const pause = session.pause(250);
    ending.abort();
    await pause;
    await session.pause(250);
    expect(clock.nowEpochMs()).toBe(startEpochMs);
  });
});

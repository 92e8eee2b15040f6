import { expect } from 'vitest';
import { batchOf, beginning, ended } from './store-batches.ts';
import type { StoreCases } from './store.contract.ts';

const domain = { name: 'domain:1', capacity: 1 };
const otherDomain = { name: 'domain:2', capacity: 1 };
const host = { name: 'host:a', capacity: 2 };
const granted = { granted: true };
const now = { wait: false };
const queued = { wait: true };

export const storeLockCases: StoreCases = {
  'a lock is held until the run has ended, by whom is told': async (world) => {
    const [one, other] = [world.open(), world.open()];
    expect(await one.acquire('a', [domain], now)).toEqual(granted);
    const refused = { granted: false, name: domain.name, holders: ['a'], ahead: 0 };
    expect(await other.acquire('b', [domain], now)).toEqual(refused);
    await one.commit(beginning('a'));
    expect(await other.acquire('b', [domain], now)).toEqual(refused);
    await one.commit(batchOf({ runs: [ended('a')] }));
    expect(await other.acquire('b', [domain], now)).toEqual(granted);
  },

  'all of them or none': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.acquire('a', [domain], now);
    const verdict = await other.acquire('b', [otherDomain, domain], now);
    expect(verdict).toMatchObject({ granted: false, name: domain.name });
    expect(await one.acquire('c', [otherDomain], now)).toEqual(granted);
  },

  'who has them already is granted them again': async (world) => {
    const store = world.open();
    await store.acquire('a', [domain, host], now);
    expect(await store.acquire('a', [domain, host], now)).toEqual(granted);
    await store.acquire('b', [host], now);
    expect(await store.acquire('c', [host], now)).toMatchObject({ holders: ['a', 'b'] });
  },

  'what a run holds can be read, until it has ended': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.acquire('a', [host, domain], now);
    await one.acquire('b', [host], now);
    await one.commit(beginning('a', 'b'));
    expect(await other.locks('a')).toEqual([domain.name, host.name]);
    expect(await other.locks('b')).toEqual([host.name]);
    await one.commit(batchOf({ runs: [ended('a')] }));
    expect(await other.locks('a')).toEqual([]);
  },

  'a counted name has room for so many; who has it alone shares it with nobody': async (world) => {
    const store = world.open();
    for (const id of ['a', 'b']) expect(await store.acquire(id, [host], now)).toEqual(granted);
    const full = await store.acquire('c', [host], now);
    expect(full).toEqual({ granted: false, name: host.name, holders: ['a', 'b'], ahead: 0 });
    await store.withdraw('b');
    const alone = { ...host, capacity: 1 };
    expect(await store.acquire('c', [alone], now)).toMatchObject({ granted: false });
    await store.withdraw('a');
    expect(await store.acquire('c', [alone], now)).toEqual(granted);
    expect(await store.acquire('d', [host], now)).toMatchObject({ holders: ['c'] });
  },

  'first come, first served: nobody is overtaken for what they wait for': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.acquire('a', [domain], now);
    const waits = { granted: false, name: domain.name, holders: ['a'] };
    expect(await one.acquire('b', [domain], queued)).toEqual({ ...waits, ahead: 0 });
    expect(await other.acquire('c', [domain], queued)).toEqual({ ...waits, ahead: 1 });
    await one.withdraw('a');
    const behind = { granted: false, name: domain.name, holders: [], ahead: 1 };
    expect(await other.acquire('c', [domain], queued)).toEqual(behind);
    expect(await other.acquire('d', [domain], now)).toEqual({ ...behind, ahead: 2 });
    expect(await one.acquire('b', [domain], queued)).toEqual(granted);
    await one.withdraw('b');
    expect(await other.acquire('c', [domain], queued)).toEqual(granted);
  },

  'who waits for one name keeps a place at each of its names, and no more': async (world) => {
    const store = world.open();
    await store.acquire('a', [domain], now);
    await store.acquire('b', [domain, host], queued);
    // Room for two: one place is kept for b.
    expect(await store.acquire('c', [otherDomain, host], now)).toEqual(granted);
    const full = await store.acquire('d', [host], now);
    expect(full).toMatchObject({ granted: false, name: host.name, ahead: 1 });
    await store.withdraw('a');
    expect(await store.acquire('b', [domain, host], queued)).toEqual(granted);
  },

  'names asked for in any order end in no deadlock': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.acquire('a', [domain, otherDomain], now);
    await one.acquire('b', [domain, otherDomain], queued);
    await other.acquire('c', [otherDomain, domain], queued);
    await one.withdraw('a');
    expect(await other.acquire('c', [otherDomain, domain], queued)).toMatchObject({ ahead: 1 });
    expect(await one.acquire('b', [domain, otherDomain], queued)).toEqual(granted);
    await one.withdraw('b');
    expect(await other.acquire('c', [otherDomain, domain], queued)).toEqual(granted);
  },

  'a place in the queue can be given up': async (world) => {
    const store = world.open();
    await store.acquire('a', [domain], now);
    await store.acquire('b', [domain], queued);
    await store.withdraw('b');
    await store.withdraw('a');
    expect(await store.acquire('c', [domain], now)).toEqual(granted);
  },

  'the locks of a run that has begun are not withdrawn': async (world) => {
    const store = world.open();
    await store.acquire('a', [domain], now);
    await store.commit(beginning('a'));
    await store.withdraw('a');
    expect(await store.acquire('b', [domain], now)).toMatchObject({ holders: ['a'] });
  },

  'a dead engine’s run keeps its locks; its place in the queue and what never began do not': async (
    world,
  ) => {
    const { store, die } = await world.openMortal();
    await store.acquire('begun', [domain], now);
    await store.commit(beginning('begun'));
    await store.acquire('never', [otherDomain], now);
    await store.acquire('waiting', [domain], queued);
    const other = world.open();
    expect(await other.acquire('x', [otherDomain], now)).toMatchObject({ holders: ['never'] });
    await die();
    expect(await other.acquire('x', [otherDomain], now)).toEqual(granted);
    const refused = { granted: false, name: domain.name, holders: ['begun'], ahead: 0 };
    expect(await other.acquire('y', [domain], now)).toEqual(refused);
    await other.takeOver();
    expect(await other.acquire('y', [domain], now)).toEqual(refused);
    await other.commit(batchOf({ runs: [ended('begun')] }));
    expect(await other.acquire('y', [domain], now)).toEqual(granted);
  },

  'an engine that leaves waits for nothing and keeps what its runs hold': async (world) => {
    const [one, other] = [world.open(), world.open()];
    await one.acquire('begun', [domain], now);
    await one.commit(beginning('begun'));
    await one.acquire('never', [otherDomain], now);
    await one.acquire('waiting', [domain], queued);
    await one.close();
    expect(await other.acquire('x', [otherDomain], now)).toEqual(granted);
    const verdict = await other.acquire('y', [domain], now);
    expect(verdict).toMatchObject({ holders: ['begun'], ahead: 0 });
  },
};

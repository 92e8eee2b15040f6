import { expect } from 'vitest';
import { failureOf, unending } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

const unknownUuid = '01234567-89ab-4cde-8f01-23456789abcd';

/** Single calls on one host; each that changes something may be made twice. */
export const changingCases: Cases = {
  'a suspended guest may be suspended again': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.suspend(uuid, unending);
    await fixture.source.suspend(uuid, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({
      state: 'paused',
      reason: 'user',
    });
  },

  'a resumed guest may be resumed again': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.suspend(uuid, unending);
    await fixture.source.resume(uuid, unending);
    await fixture.source.resume(uuid, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({
      state: 'running',
      reason: 'unpaused',
    });
  },

  'a destroyed guest may be destroyed again': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.destroy(uuid, unending);
    await fixture.source.destroy(uuid, unending);
    await fixture.source.destroy(unknownUuid, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({
      state: 'shutoff',
      reason: 'destroyed',
      persistent: true,
    });
  },

  'an undefined guest runs on and may be undefined again': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.undefine(uuid, unending);
    await fixture.source.undefine(uuid, unending);
    await fixture.source.undefine(unknownUuid, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({
      state: 'running',
      persistent: false,
    });
  },

  'a definition that was read is given back to a guest that runs, or is gone': async (fixture) => {
    const { source } = fixture;
    const { uuid } = await fixture.newBareDomain();
    const definition = await source.readDefinition(uuid, unending);
    await source.undefine(uuid, unending);
    expect(await failureOf(source.readDefinition(uuid, unending))).toMatchObject({
      code: 'noDefinition',
      effect: 'none',
    });
    await source.defineAgain(uuid, definition, unending);
    await source.defineAgain(uuid, definition, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({
      state: 'running',
      persistent: true,
    });
    await source.undefine(uuid, unending);
    await source.destroy(uuid, unending);
    await source.defineAgain(uuid, definition, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({
      state: 'shutoff',
      persistent: true,
    });
    expect(await source.readDefinition(uuid, unending)).toEqual(definition);
  },

  'a guest without a definition is gone with its QEMU': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.undefine(uuid, unending);
    await fixture.source.destroy(uuid, unending);
    expect(await fixture.status('source', uuid)).toBeNull();
  },

  'a running guest without a definition is given one': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.undefine(uuid, unending);
    await fixture.source.persist(uuid, unending);
    await fixture.source.persist(uuid, unending);
    expect(await fixture.status('source', uuid)).toMatchObject({
      state: 'running',
      persistent: true,
    });
  },

  'what does not exist cannot be suspended': async ({ source }) => {
    const failure = await failureOf(source.suspend(unknownUuid, unending));
    expect(failure).toMatchObject({ code: 'noDomain', effect: 'none', libvirt: { code: 42 } });
  },

  'what does not run cannot be resumed': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    await fixture.source.destroy(uuid, unending);
    const failure = await failureOf(fixture.source.resume(uuid, unending));
    expect(failure).toMatchObject({ code: 'operationInvalid', libvirt: { code: 55 } });
  },

  'without a job there is none to abort': async (fixture) => {
    const { uuid } = await fixture.newBareDomain();
    expect(await fixture.source.abortJob(uuid, unending)).toBe('noJob');
    expect(await fixture.status('source', uuid)).toMatchObject({ state: 'running' });
  },

  'a volume of a pool is found, deleted, and may be deleted again': async (fixture) => {
    const guest = await fixture.newGuest('private');
    const [disk] = guest.disks;
    const path = disk?.path ?? '';
    await fixture.source.destroy(guest.uuid, unending);
    expect(await fixture.source.findVolume(path, unending)).toMatchObject({
      path,
      format: 'qcow2',
      capacityBytes: disk?.capacityBytes,
    });
    await fixture.source.deleteVolume(path, unending);
    await fixture.source.deleteVolume(path, unending);
    expect(await fixture.source.findVolume(path, unending)).toBeNull();
  },
};

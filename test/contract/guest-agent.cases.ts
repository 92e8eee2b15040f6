import { expect } from 'vitest';
import { failureOf, unending } from './fixture.ts';
import type { Cases } from './hypervisor.contract.ts';

const patientMs = 5_000;
/** As little as libvirt can count. */
const briefMs = 1_000;

/** What the agent in the guest does, and what is known where it does not. */
export const guestAgentCases: Cases = {
  'a guest is frozen once, and thawed as often as one likes': async (fixture) => {
    const { source } = fixture;
    const { uuid } = await fixture.newGuest('private', 'well');
    expect(await source.agentState(uuid, unending)).toBe('connected');
    expect(await source.freezeStatus(uuid, patientMs, unending)).toBe('thawed');
    expect(await source.freeze(uuid, patientMs, unending)).toEqual({ frozen: 1 });
    expect(await source.freezeStatus(uuid, patientMs, unending)).toBe('frozen');
    expect(await failureOf(source.freeze(uuid, patientMs, unending))).toMatchObject({
      code: 'alreadyFrozen',
      effect: 'done',
    });
    expect(await source.thaw(uuid, patientMs, unending)).toEqual({ thawed: 1 });
    expect(await source.thaw(uuid, patientMs, unending)).toEqual({ thawed: 0 });
    expect(await source.freezeStatus(uuid, patientMs, unending)).toBe('thawed');
    await source.suspend(uuid, unending);
    expect(await failureOf(source.freeze(uuid, patientMs, unending))).toMatchObject({
      code: 'operationInvalid',
      effect: 'none',
    });
  },

  'an agent that says nothing is not asked to freeze': async (fixture) => {
    const { source } = fixture;
    const { name, uuid } = await fixture.newGuest('private', 'well');
    await fixture.hosts.setAgent(name, 'silent');
    expect(await failureOf(source.freeze(uuid, briefMs, unending))).toMatchObject({
      code: 'agentUnavailable',
      effect: 'none',
    });
    expect(await failureOf(source.thaw(uuid, briefMs, unending))).toMatchObject({
      code: 'agentTimeout',
      effect: 'unknown',
    });
    expect(await source.freezeStatus(uuid, briefMs, unending)).toBe('silent');
    expect(await source.agentState(uuid, unending)).toBe('connected');
    await fixture.hosts.setAgent(name, 'well');
    expect(await source.freezeStatus(uuid, patientMs, unending)).toBe('thawed');
  },

  'an agent that hangs freezes the guest when nobody waits any more': async (fixture) => {
    const { source } = fixture;
    const { name, uuid } = await fixture.newGuest('private', 'well');
    await fixture.hosts.setAgent(name, 'hangs');
    expect(await failureOf(source.freeze(uuid, briefMs, unending))).toMatchObject({
      code: 'agentTimeout',
      effect: 'unknown',
    });
    expect(await source.freezeStatus(uuid, patientMs, unending)).toBe('frozen');
    expect(await source.thaw(uuid, patientMs, unending)).toEqual({ thawed: 1 });
  },

  'a domain without an agent says so': async (fixture) => {
    const { source } = fixture;
    const { uuid } = await fixture.newGuest('private');
    expect(await source.agentState(uuid, unending)).toBe('none');
    const unavailable = { code: 'agentUnavailable', effect: 'none' };
    expect(await failureOf(source.freeze(uuid, briefMs, unending))).toMatchObject(unavailable);
    expect(await failureOf(source.thaw(uuid, briefMs, unending))).toMatchObject(unavailable);
    expect(await source.freezeStatus(uuid, briefMs, unending)).toBe('silent');
  },

  'a watch tells the agent, and one that has gone is asked for nothing': async (fixture) => {
    const { source } = fixture;
    const { name, uuid } = await fixture.newGuest('private', 'well');
    const watched = fixture.watchAlone(uuid);
    await watched.sees('agent connected');
    await fixture.hosts.setAgent(name, 'gone');
    await watched.sees('agent disconnected');
    expect(await source.agentState(uuid, unending)).toBe('disconnected');
    const unavailable = { code: 'agentUnavailable', effect: 'none' };
    expect(await failureOf(source.freeze(uuid, briefMs, unending))).toMatchObject(unavailable);
    expect(await failureOf(source.thaw(uuid, briefMs, unending))).toMatchObject(unavailable);
    expect(await source.freezeStatus(uuid, briefMs, unending)).toBe('silent');
  },
};

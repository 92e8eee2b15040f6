import { describe, expect, test, vi } from 'vitest';
import type { AnyStateMachine, AnyStateNode } from 'xstate';
import { allMachines } from '../../src/diagrams/index.ts';
import { MemoryStore } from '../../src/store/memory/index.ts';
import {
  actionsOf,
  guardsOf,
  nameOf,
  slotOf,
  statesOf,
  writtenInvokes,
} from '../support/machine-parts.ts';
import type { Placed } from '../support/machine-parts.ts';
import { coldSimulated } from '../support/simulated-cold.ts';
import { deleteSimulated } from '../support/simulated-deletion.ts';
import { imageSimulated } from '../support/simulated-image.ts';
import { migrateSimulated, privateGuest } from '../support/simulated-migration.ts';
import { snapshotSimulated } from '../support/simulated-snapshot.ts';
import { revertSimulated } from '../support/simulated-revert.ts';
import { savingSimulated } from '../support/simulated-saving.ts';
import { swapSimulated } from '../support/simulated-swap.ts';
import { sourceFiles } from '../support/source-files.ts';

const machines = [...allMachines()];
const files = sourceFiles().filter(({ path }) => path.startsWith('machines/'));
const outcomes = ['completed', 'refused', 'rolledBack', 'needsOperator'];
/** What an action may be: it changes context or speaks to an actor, and touches nothing outside. */
const pureActions = /^xstate\.(assign|sendTo|raise|cancel|enqueueActions)$/;

function idsWhere(states: readonly AnyStateNode[], isBad: (state: AnyStateNode) => boolean) {
  return states.filter(isBad).map(({ id }) => id);
}

/** Names that are used and that `setup` does not know; an inline part has no name at all. */
function unknownNames(parts: readonly Placed<unknown>[], known: object): string[] {
  return parts
    .filter(({ part }) => !Object.hasOwn(known, nameOf(part) ?? ''))
    .map(({ state, part }) => `${state.id}: ${nameOf(part) ?? 'inline'}`);
}

function unusedNames(parts: readonly Placed<unknown>[], known: object): string[] {
  const used = new Set(parts.map(({ part }) => nameOf(part)));
  return Object.keys(known).filter((name) => !used.has(name));
}

function topFinals(machine: AnyStateMachine): AnyStateNode[] {
  return Object.values(machine.root.states).filter(({ type }) => type === 'final');
}

function handles(state: AnyStateNode, ending: 'done' | 'error', invokeId: unknown): boolean {
  return state.transitions.has(`xstate.${ending}.actor.${String(invokeId)}`);
}

describe.each(machines)('%s', (fileName, machine) => {
  test('stands in the file that its id names, and has a version', () => {
    expect(files.map(({ path }) => path)).toContain(`machines/${fileName}.machine.ts`);
    expect(machine.version).toMatch(/^\d+$/);
  });

  test('describes every state', () => {
    expect(idsWhere(statesOf(machine), ({ description }) => !description?.trim())).toEqual([]);
  });

  test('names every invoke and what it runs', () => {
    const unnamed = writtenInvokes(machine).filter(
      ({ part }) => typeof part['id'] !== 'string' || typeof part['src'] !== 'string',
    );
    expect(unnamed.map(({ state }) => state.id)).toEqual([]);
  });

  test('gives no two invokes the same id', () => {
    const ids = writtenInvokes(machine).map(({ part }) => part['id']);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test('goes on when an invoke fails', () => {
    const deaf = writtenInvokes(machine).filter(
      ({ state, part }) => !handles(state, 'error', part['id']),
    );
    expect(deaf.map(({ part }) => part['id'])).toEqual([]);
  });

  test('goes on when an effect or a machine is done; a watch never is', async () => {
    for (const { state, part } of writtenInvokes(machine)) {
      const { kind } = await slotOf(machine, String(part['src']));
      expect(handles(state, 'done', part['id']), String(part['id'])).toBe(kind !== 'watch');
    }
  });

  test('leaves every slot empty, under its own name', async () => {
    for (const name of Object.keys(machine.implementations.actors)) {
      const { kind, ownName } = await slotOf(machine, name);
      expect(kind, name).not.toBe('missing');
      if (kind !== 'machine') expect(ownName).toBe(name);
    }
  });

  test('names every actor, guard and action that it uses', () => {
    const { actors, guards, actions } = machine.implementations;
    const sources = writtenInvokes(machine).map(({ state, part }) => ({
      state,
      part: part['src'],
    }));
    expect(unknownNames(sources, actors)).toEqual([]);
    expect(unknownNames(guardsOf(machine), guards)).toEqual([]);
    expect(unknownNames(actionsOf(machine), actions)).toEqual([]);
  });

  test('has no actor, guard or action that it does not use', () => {
    const { actors, guards, actions } = machine.implementations;
    const sources = writtenInvokes(machine).map(({ state, part }) => ({
      state,
      part: part['src'],
    }));
    expect(unusedNames(sources, actors)).toEqual([]);
    expect(unusedNames(guardsOf(machine), guards)).toEqual([]);
    expect(unusedNames(actionsOf(machine), actions)).toEqual([]);
  });

  test('names every delay that it uses', () => {
    const delays = statesOf(machine).flatMap(({ after }) => after.map(({ delay }) => delay));
    const unknown = delays.filter(
      (delay) =>
        typeof delay !== 'number' && !Object.hasOwn(machine.implementations.delays, String(delay)),
    );
    expect(unknown).toEqual([]);
  });

  test('has no action that acts on the world', () => {
    const impure = Object.entries(machine.implementations.actions).filter(
      ([, action]) => !pureActions.test(nameOfFunction(action)),
    );
    expect(impure.map(([name]) => name)).toEqual([]);
  });

  test('ends in one of the agreed outcomes, each with its output', () => {
    const finals = topFinals(machine);
    expect(finals.length).toBeGreaterThan(0);
    expect(idsWhere(finals, ({ key }) => !outcomes.includes(key))).toEqual([]);
    expect(idsWhere(finals, ({ output }) => output === undefined)).toEqual([]);
    expect(machine.root.output).toBeDefined();
  });

  test('can enter every state', () => {
    const entered = new Set<string>();
    const enter = (state: AnyStateNode): void => {
      if (entered.has(state.id)) return;
      entered.add(state.id);
      if (state.parent !== undefined) enter(state.parent);
      if (state.type === 'parallel') Object.values(state.states).forEach(enter);
      if (state.type === 'compound') state.initial.target?.forEach(enter);
      const transitions = [...[...state.transitions.values()].flat(), ...(state.always ?? [])];
      transitions.flatMap(({ target }) => target ?? []).forEach(enter);
    };
    enter(machine.root);
    expect(idsWhere(statesOf(machine), ({ id }) => !entered.has(id))).toEqual([]);
  });
});

function nameOfFunction(action: unknown): string {
  if (typeof action !== 'function' || !('type' in action)) return 'custom';
  return String(action.type);
}

describe('all machines', () => {
  test('have ids of their own', () => {
    const ids = machines.map(([, { id }]) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test('are exported, every one that has a file', () => {
    const inFiles = files
      .map(({ path }) => /^machines\/(.+)\.machine\.ts$/.exec(path)?.[1])
      .filter((name) => name !== undefined);
    expect(machines.map(([name]) => name).toSorted()).toEqual(inFiles.toSorted());
  });

  test('neither spawn nor speak to a parent except by their output', () => {
    const banned = files.filter(({ text }) => /\b(spawn|spawnChild|sendParent)\b/.test(text));
    expect(banned.map(({ path }) => path)).toEqual([]);
  });

  test('keep a context that JSON holds whole, at every step of a run', async () => {
    const commit = vi.spyOn(MemoryStore.prototype, 'commit');
    await migrateSimulated({ domain: privateGuest, options: { copyStorage: 'all' } });
    await migrateSimulated({ onState: (_, { abort }) => abort() });
    await migrateSimulated({ input: { protocol: 'direct' }, options: { postcopy: true } });
    await migrateSimulated({
      domain: { ...privateGuest, state: 'shutoff' },
      options: { copyStorage: 'all' },
      input: { offline: true },
    });
    await snapshotSimulated({ input: { disks: ['vda', 'vdb'] } });
    await imageSimulated();
    await savingSimulated();
    await coldSimulated({ input: { shortOutage: true } });
    await deleteSimulated({ libvirtVersion: 8_000_000 });
    await revertSimulated();
    await swapSimulated();
    const records = commit.mock.calls.flatMap(([{ runs }]) => runs);
    commit.mockRestore();
    expect(new Set(records.map(({ machine }) => machine))).toEqual(
      new Set(machines.map(([, { id }]) => id)),
    );
    for (const { snapshot } of records) {
      const context: unknown = Object(snapshot).context;
      expect(JSON.parse(JSON.stringify(context))).toStrictEqual(context);
    }
  });
});

import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';

import type { AbortCommand } from '../../machines/domain-events.ts';
import { oneHostParts } from '../../machines/one-host-setup.ts';
import { judgeOneHost, oneHostChecks } from '../../machines/policy/one-host/checks.ts';
import type {
  OneHostContext,
  OneHostFacts,
  OneHostInput,
  OneHostResult,
} from '../../machines/policy/one-host/one-host.ts';
import {
  nothingYet,
  onHost,
  operatorResult,
  resultOf,
} from '../../machines/policy/one-host/one-host.ts';
import {
  checking,
  claiming,
  gathering,
  noteEnding,
  recordsFailure,
  released,
  releasing,
} from '../../machines/regions/one-host-frame.ts';
import { effectSlot } from '../../machines/slots.ts';
import type { Outcome } from '../../machines/state-meta.ts';
import { domain as status } from './hosts.ts';
import { guestView, hostView } from './facts.ts';
import { Walk } from './walk.ts';

const verdicts = (context: OneHostContext) => judgeOneHost(oneHostChecks, context);
const checks = ['domainExists', ...Object.keys(oneHostChecks)];
const parts = oneHostParts<OneHostFacts, OneHostInput, OneHostContext, AbortCommand>({
  verdicts,
  what: 'the toy',
});

const request = ({ context }: { context: OneHostContext }): OneHostInput => ({
  domain: context.domain,
  host: context.host,
  peerWaitMs: context.peerWaitMs,
  breakClaims: context.breakClaims,
});

/** A workflow of one effect, in the frame that all have. */
const toy = setup({
  types: {
    input: {} as OneHostInput,
    context: {} as OneHostContext,
    events: {} as AbortCommand,
    output: {} as OneHostResult & { outcome: Outcome },
  },
  ...parts,
  actors: { ...parts.actors, act: effectSlot<void, ReturnType<typeof onHost>>('act') },
}).createMachine({
  id: 'toy',
  version: '1',
  context: ({ input }) => ({ ...input, ...nothingYet }),
  output: ({ event }) => event.output as OneHostResult & { outcome: Outcome },
  initial: 'gathering',
  states: {
    gathering: gathering<typeof request, OneHostFacts>(request, 'virDomainGetXMLDesc'),
    checking: checking(checks),
    claiming,
    acting: {
      id: 'working',
      invoke: {
        id: 'act',
        src: 'act',
        input: onHost,
        onDone: { target: '#releasing', actions: noteEnding('completed') },
        onError: {
          target: '#releasing',
          actions: [recordsFailure, noteEnding('rolledBack')],
        },
      },
      on: { 'abort.requested': '#needsOperator' },
    },
    releasing,
    released,
    completed: {
      id: 'completed',
      type: 'final',
      output: ({ context }) => ({ outcome: 'completed', ...resultOf(context) }),
    },
    refused: {
      id: 'refused',
      type: 'final',
      output: ({ context }) => ({ outcome: 'refused', ...resultOf(context) }),
    },
    rolledBack: {
      id: 'rolledBack',
      type: 'final',
      output: ({ context }) => ({ outcome: 'rolledBack', ...resultOf(context) }),
    },
    needsOperator: {
      id: 'needsOperator',
      type: 'final',
      output: ({ context }) => ({ outcome: 'needsOperator', ...operatorResult(context) }),
    },
  },
});

const input: OneHostInput = {
  domain: 'guest',
  host: 'simulated:///hostA',
  peerWaitMs: 120_000,
  breakClaims: [],
};
const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };
const rival = { run: 'run-2', details: null };
const facts: OneHostFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guestView,
  claims: [],
};

const walk = () => new Walk(toy, input);
const claimed = () => walk().done('gather', facts).done('claim', { claim, others: [] });

describe('the frame of a workflow on one host', () => {
  test('claims the domain before it works on it, and releases it afterwards', () => {
    const run = claimed();
    expect(run.isIn('acting')).toBe(true);
    run.done('act').done('release', { released: [input.host] });
    expect(run.output()).toEqual({ outcome: 'completed', failure: null, artefacts: [] });
  });

  test('has the claim on record before it is made', () => {
    const run = walk().done('gather', facts);
    expect(run.snapshot.context.artefacts).toEqual([
      { kind: 'claim', host: input.host, path: status.uuid, status: 'expected' },
    ]);
  });

  test('refuses a domain that is not there, and touches nothing', () => {
    const run = walk().done('gather', { ...facts, domain: null });
    expect(run.output()).toMatchObject({ outcome: 'refused', failure: { code: 'domainExists' } });
    expect(run.started()).toEqual(['gatherFacts']);
  });

  test('refuses a domain that another run has claimed', () => {
    const run = walk().done('gather', { ...facts, claims: [rival] });
    expect(run.output()).toMatchObject({ outcome: 'refused', failure: { code: 'claimed' } });
  });

  test('gives its claim back where another one came at the same moment', () => {
    const run = walk()
      .done('gather', facts)
      .done('claim', { claim, others: [rival] });
    expect(run.isIn('releasing.asking')).toBe(true);
    run.done('release', { released: [input.host] });
    expect(run.output()).toMatchObject({ outcome: 'refused', failure: { code: 'claimed' } });
  });

  test('waits for the answer of a claim that is called off', () => {
    const run = walk().done('gather', facts).send({ type: 'abort.requested' });
    expect(run.isIn('claiming')).toBe(true);
    run.done('claim', { claim, others: [] }).done('release', { released: [input.host] });
    expect(run.output()).toMatchObject({
      outcome: 'rolledBack',
      failure: { code: 'abortRequested', message: 'the toy was aborted by request' },
      artefacts: [],
    });
  });

  test('asks again for its claim, and tells of one that is left', () => {
    const run = claimed().done('act').done('release', { released: [] });
    run.elapse('askAgain').fail('release', { code: 'x', message: 'x', effect: 'none' });
    run.elapse('claimWait');
    expect(run.output()).toMatchObject({
      outcome: 'completed',
      artefacts: [{ kind: 'claim', status: 'left' }],
    });
  });

  test('keeps its claim where an operator is called', () => {
    const run = claimed().send({ type: 'abort.requested' });
    expect(run.output()).toMatchObject({
      outcome: 'needsOperator',
      artefacts: [{ kind: 'claim', status: 'kept' }],
    });
  });
});

import { describe, expect, test } from 'vitest';

import { held, input, offline, offlineTo } from './offline.ts';
import { connectionLost, outputOf } from './protocol.ts';

const diskChanged = {
  code: 'diskChanged',
  message: 'disk vda was changed',
  effect: 'none',
} as const;
const onSource = { host: input.source, domainUuid: input.domain.uuid };
const copies = [
  { disk: input.disks[0], changedAt: '1.1' },
  { disk: input.disks[1], changedAt: null },
];

describe('a disk of the source that changes', () => {
  test('while it is copied ends the move', () => {
    const walk = offlineTo('moving.copyingDisk').fail('copyDisk', diskChanged);
    expect(outputOf(walk)).toMatchObject({ outcome: 'rolledBack', failure: diskChanged });
  });

  test.each([
    ['moving.lookingFirst.comparing', 'compareFirst'],
    ['uncertain.comparing', 'compare'],
  ] as const)('is looked for in %s, disk by disk as each was copied', (state, actor) => {
    expect(offlineTo(state).inFlight.get(actor)?.input).toEqual({ ...onSource, copies });
  });

  test.each([diskChanged, connectionLost])(
    'or may have (%o), before the definition goes: nothing went over',
    (failure) => {
      const walk = offlineTo('moving.lookingFirst.comparing').fail('compareFirst', failure);
      expect(outputOf(walk)).toMatchObject({
        outcome: 'rolledBack',
        failure: { code: failure.code },
        phases: [],
      });
      expect(walk.started()).not.toContain('holdLink');
    },
  );

  test('after the definition went is left to an operator, who is told which side is older', () => {
    const walk = offlineTo('uncertain.comparing').fail('compare', diskChanged);
    const { outcome, failure } = outputOf(walk);
    expect({ outcome, code: failure?.code, effect: failure?.effect }).toEqual({
      outcome: 'needsOperator',
      code: 'diskChanged',
      effect: 'unknown',
    });
    expect(failure?.message).toContain(`${input.domain.name}'s disk changed on the source after`);
    expect(failure?.message).toContain('what lies on the destination is older: undefine it there');
    expect(failure?.message).toContain(diskChanged.message);
  });

  test('is found after a Confirm that was lost, too', () => {
    const walk = offlineTo('transferring.confirm3').fail('confirm', connectionLost);
    walk.done('look', held('off', 'off')).fail('compare', diskChanged);
    expect(outputOf(walk).failure?.code).toBe('diskChanged');
  });
});

const untold = () => offlineTo('uncertain.comparing').fail('compare', connectionLost);

describe('a source that does not tell of its disks after the definition went', () => {
  test('is asked again', () => {
    const walk = untold().elapse('askAgain').done('look', held('off', 'off')).done('compare');
    expect(outputOf(walk)).toMatchObject({ outcome: 'completed', failure: null });
  });

  test('and tells in the end of a change', () => {
    const walk = untold().elapse('askAgain').done('look', held('off', 'off'));
    expect(outputOf(walk.fail('compare', diskChanged)).failure?.code).toBe('diskChanged');
  });

  test('keeps what it has: an operator decides which side is right', () => {
    const { outcome, failure } = outputOf(untold().elapse('peerWait'));
    expect({ outcome, code: failure?.code }).toEqual({
      outcome: 'needsOperator',
      code: 'copiesNotCompared',
    });
    expect(failure?.message).toContain('if nothing has written to them');
    expect(failure?.message).toContain(connectionLost.message);
  });
});

test('where no disk was copied there is nothing to compare', () => {
  const walk = offline({ disks: [] }).done('lookFirst', held('off', 'nothing'));
  expect(walk.inFlight.get('compareFirst')?.input).toEqual({ ...onSource, copies: [] });
});

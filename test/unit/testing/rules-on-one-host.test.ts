import { describe, expect, test } from 'vitest';
import type { AskedChange, DomainPicture, Recording, RunEnd } from '../../../src/testing/index.ts';
import { readChange } from '../../../src/testing/index.ts';
import type { Held } from './recordings.ts';
import {
  detailed,
  details,
  diskPath,
  domain,
  found,
  hostA,
  nothing,
  paused,
  runId,
  shutOff,
  told,
  world,
} from './recordings.ts';

const devices = [
  { alias: 'net0', place: 'interface pci 0000:05:00.0' },
  { alias: 'rng0', place: 'rng pci 0000:06:00.0' },
];
const equipped = detailed({ devices });
/** Attached again, a device has another alias. */
const equippedAgain = detailed({ devices: devices.map((each) => ({ ...each, alias: 'ua-1' })) });
const oneMissing = detailed({ devices: devices.slice(0, 1) });
const frozen = detailed({ frozen: true });
const saved: DomainPicture = { ...shutOff, details: { ...details, managedSave: true } };
const withSnapshots = detailed({ snapshotCount: 2 });
const onOverlay = detailed({
  definition: {
    ...details.definition,
    disks: details.definition.disks.map((disk) => ({ ...disk, path: '/images/overlay.qcow2' })),
  },
});

interface Ending {
  readonly machine: string;
  readonly input?: object;
  readonly outcome?: string;
  readonly before?: Held;
  readonly after: Held;
  readonly artefacts?: RunEnd['artefacts'];
}

/** A workflow on hostA that was asked for something and ended. */
function recordingOf(ending: Ending): Recording {
  const { machine, input = {}, outcome = 'completed', artefacts = [] } = ending;
  const { before = [[domain()]], after } = ending;
  const change: AskedChange | null = readChange(machine, input);
  if (change === null) throw new Error(`${machine} is no workflow on one host`);
  return {
    before: world(before, nothing),
    entries: [
      { kind: 'askedChange', atEpochMs: 0, runId, change },
      { kind: 'runFinished', atEpochMs: 1, runId, end: { outcome, reason: 'a reason', artefacts } },
    ],
    settlement: { after: world(after, nothing), ticks: null },
  };
}

const device = (alias: string): RunEnd['artefacts'] => [
  { kind: 'device', host: hostA, path: alias, status: 'left' },
];
const image = (status: string): RunEnd['artefacts'] => [
  { kind: 'image', host: hostA, path: '/backup/image', status },
];

describe('a workflow on one host keeps every rule', () => {
  test.each<[string, Ending]>([
    ['a live snapshot, all as before', { machine: 'liveSnapshot', after: [[domain()]] }],
    [
      'an image that stands and is told',
      {
        machine: 'liveSnapshot',
        after: [[domain()], ['/backup/image']],
        artefacts: image('made'),
      },
    ],
    ['a guest whose memory is saved', { machine: 'managedSave', after: [[saved]] }],
    [
      'a guest that goes on from its saved memory',
      { machine: 'managedSave', before: [[saved]], after: [[domain()]] },
    ],
    [
      'a guest that starts paused',
      { machine: 'managedSave', before: [[saved]], after: [[paused]] },
    ],
    ['disks on overlays', { machine: 'domainSnapshot', after: [[onOverlay]] }],
    ['disks on other volumes', { machine: 'volumeSwap', after: [[onOverlay]] }],
    [
      'a guest that a snapshot halts',
      { machine: 'domainSnapshot', input: { halt: true }, after: [[shutOff]] },
    ],
    [
      'a snapshot that is deleted, with its file',
      {
        machine: 'snapshotDelete',
        before: [[withSnapshots], [diskPath, '/images/overlay.qcow2']],
        after: [[domain()], [diskPath]],
      },
    ],
    [
      'devices that are back, under other names',
      { machine: 'coldSnapshot', before: [[equipped]], after: [[equippedAgain]] },
    ],
    [
      'a device that is told to be missing',
      {
        machine: 'coldSnapshot',
        outcome: 'needsOperator',
        before: [[equipped]],
        after: [[oneMissing]],
        artefacts: device('rng0'),
      },
    ],
    [
      'a guest that somebody had frozen before',
      { machine: 'liveSnapshot', before: [[frozen]], after: [[frozen]] },
    ],
  ])('%s', (_, ending) => {
    expect(found(recordingOf(ending))).toEqual([]);
  });
});

describe('a workflow on one host breaks a rule', () => {
  const notBack = `devicesBack: ${hostA}: rng0 (rng pci 0000:06:00.0) is not in it any more`;
  test.each<[string, Ending, string]>([
    [
      'a device that nobody speaks of',
      { machine: 'coldSnapshot', before: [[equipped]], after: [[oneMissing]] },
      notBack,
    ],
    [
      'a device, of which an operator is to be told as well',
      {
        machine: 'coldSnapshot',
        outcome: 'needsOperator',
        before: [[equipped]],
        after: [[oneMissing]],
        artefacts: device('net0'),
      },
      notBack,
    ],
    [
      'a guest that is left frozen',
      { machine: 'liveSnapshot', outcome: 'rolledBack', after: [[frozen]] },
      `notLeftFrozen: it is frozen on ${hostA}: running (booted), persistent`,
    ],
    [
      'a guest that is left paused',
      { machine: 'coldSnapshot', after: [[paused]] },
      `notLeftPaused: it stands paused on ${hostA}: paused (user), persistent`,
    ],
    [
      'a guest that a save left off without its memory',
      { machine: 'managedSave', outcome: 'rolledBack', after: [[shutOff]] },
      `onePlace: rolledBack, and it runs in 0 places: ${hostA}: shutoff (shutdown), persistent`,
    ],
    [
      'memory that a cold snapshot leaves saved',
      { machine: 'coldSnapshot', after: [[detailed({ managedSave: true })]] },
      `nothingLeaked: its memory was left saved on ${hostA}`,
    ],
    [
      'a file that nobody speaks of',
      { machine: 'liveSnapshot', after: [[domain()], ['/images/delta']] },
      `nothingLeaked: /images/delta was left on ${hostA}`,
    ],
    [
      'a file of which is not told whether it stands',
      { machine: 'liveSnapshot', after: [[domain()]], artefacts: image('expected') },
      `nothingLeaked: what became of image /backup/image on ${hostA} is not told: it is expected`,
    ],
    [
      'disks that stay on overlays',
      { machine: 'coldSnapshot', after: [[onOverlay]] },
      `definitionKept: its definition on ${hostA} has another disks`,
    ],
    [
      'another configuration beside other disks',
      {
        machine: 'domainSnapshot',
        after: [[detailed({ definition: { ...details.definition, memoryBytes: 1 } })]],
      },
      `definitionKept: its definition on ${hostA} has another memoryBytes: 268435456 became 1`,
    ],
    [
      'snapshots that went although nothing was deleted',
      {
        machine: 'snapshotDelete',
        outcome: 'rolledBack',
        before: [[withSnapshots]],
        after: [[domain()]],
      },
      `othersUntouched: ${hostA}: it has lost snapshots`,
    ],
  ])('%s', (_, ending, what) => {
    expect(found(recordingOf(ending))).toContainEqual(expect.stringContaining(what));
  });

  test('a device may go while nobody works on the guest', () => {
    const { before, settlement } = recordingOf({
      machine: 'coldSnapshot',
      before: [[equipped]],
      after: [[oneMissing]],
    });
    expect(found({ before, entries: [], settlement })).toEqual([]);
  });

  test('a volume that a migration made is told, and is left all the same', () => {
    const { before, entries, settlement } = recordingOf({
      machine: 'liveSnapshot',
      after: [[domain()], [diskPath, '/images/other']],
      artefacts: told('made', hostA, '/images/other'),
    });
    const [, end] = entries;
    const unasked = end === undefined ? [] : [end];
    expect(found({ before, entries: unasked, settlement })).toContain(
      `nothingLeaked: /images/other was left on ${hostA}`,
    );
  });
});

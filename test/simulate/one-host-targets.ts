import type { Targets } from '../../src/testing/simulation/index.ts';
import { statesOfMachine } from './machine-states.ts';
import type { OneHostKind } from './random-one-host.ts';

type Calls = Targets['calls'];

const always: Calls = ['claimDomain', 'releaseClaim', 'findDomain', 'findStatus', 'inspectHost'];
const freezes: Calls = ['freeze', 'thaw', 'freezeStatus', 'agentState'];
const files: Calls = ['inspectImage', 'convertImage', 'createImage', 'renameFile', 'removeFile'];
const copies: Calls = ['copyBlock', 'endBlockJob', 'findBlockJob', 'findChains'];
const saves: Calls = ['managedSave', 'start', 'findSaved', 'removeManagedSave', 'resume'];

const calls: Readonly<Record<OneHostKind, Calls>> = {
  managedSave: [...saves, 'saveTo', 'restoreFrom', 'noteSaved', 'forgetNotes', 'removeFile'],
  domainSnapshot: [...freezes, 'createSnapshot', 'listSnapshots', 'deleteSnapshot', 'removeFile'],
  snapshotDelete: [
    'deleteSnapshot',
    'commitBlock',
    'commitImage',
    'endBlockJob',
    'findBlockJob',
    'listSnapshots',
    'mendSnapshots',
    'redefineSnapshot',
    'removeFile',
  ],
  snapshotRevert: [
    'revertToSnapshot',
    'createSnapshot',
    'deleteSnapshot',
    'listSnapshots',
    'resume',
    'suspend',
  ],
  liveSnapshot: [...freezes, ...copies, ...files],
  coldSnapshot: [
    ...saves,
    ...files,
    'detachDevice',
    'attachDevice',
    'findDevices',
    'putOverlay',
    'takeOverlay',
    'commitBlock',
  ],
  instanceSnapshot: [...freezes, ...copies, ...files, ...saves, 'writeText', 'checksumFile'],
  // What decides is struck more often.
  volumeSwap: [
    'endBlockJob',
    'endBlockJob',
    'changeDiskImage',
    'changeDiskImage',
    ...copies,
    'copyBlockByRebase',
    'createImage',
    'convertImage',
    'cutImage',
    'inspectImage',
    'inspectFreeImage',
    'findAttachedPlace',
    'findDiskImage',
    'readDefinition',
    'undefine',
    'defineAgain',
    'resizeBlock',
    'resizeImage',
    'isImageInUse',
    'removeFile',
    'dropForgottenCopy',
  ],
};

const children: Readonly<Record<OneHostKind, readonly string[]>> = {
  managedSave: [],
  domainSnapshot: [],
  snapshotDelete: [],
  snapshotRevert: [],
  liveSnapshot: [],
  coldSnapshot: [],
  instanceSnapshot: ['liveSnapshot', 'coldSnapshot'],
  volumeSwap: [],
};

export function oneHostTargets(kind: OneHostKind): Targets {
  return {
    calls: [...always, ...calls[kind]],
    phases: [],
    states: [kind, ...children[kind]].flatMap(statesOfMachine),
    lastsMs: 3_000,
  };
}

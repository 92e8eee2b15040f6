import type { Fault, HypervisorCall, LinkCall } from './faults.ts';
import { isAtCall, isClientIncident, isIncidence, placeOf } from './faults.ts';
import { incidents } from './incidents.ts';
import { migrationPhases } from './migration-job.ts';
import type { World } from './world.ts';

/** A fault that is aimed at nothing: it would never strike, and a test would pass for the wrong reason. */
export class FaultError extends Error {
  override readonly name = 'FaultError';
}

/** Scripts may come from a file. @throws FaultError that names what the world does not have */
export function requireFault(fault: Fault, world: World, hasClient: boolean): void {
  const { at } = fault;
  const refuse = (what: string): never => {
    throw new FaultError(`a fault at ${placeOf(fault)}: ${what}`);
  };
  const names = new Set([...world.hosts.values()].flatMap(domainNames));
  if (isAtCall(fault)) {
    const { call, host } = fault.at;
    if (!Object.hasOwn(calls, call)) refuse(`there is no call ${call}`);
    if (host !== undefined && !world.hosts.has(host)) refuse(`there is no host ${host}`);
    if (typeof fault.do === 'string' && !callFaults.has(fault.do))
      refuse(`nothing that can befall a call is called ${fault.do}`);
    return;
  }
  if ('domain' in at && at.domain !== undefined && !names.has(at.domain))
    refuse(`there is no domain ${at.domain}`);
  if ('phase' in at && !migrationPhases.includes(at.phase)) refuse(`there is no phase ${at.phase}`);
  if (!isIncidence(fault)) return;
  if (isClientIncident(fault.do)) {
    if (!hasClient) refuse('nobody here can do that to our own process or clock');
  } else if (!Object.hasOwn(incidents, fault.do)) refuse(`there is no incident ${fault.do}`);
}

/** Every call that a fault can be aimed at. */
export function faultableCalls(): readonly string[] {
  return Object.keys(calls);
}

function domainNames({ domains }: { readonly domains: ReadonlyMap<string, { name: string }> }) {
  return [...domains.values()].map(({ name }) => name);
}

const callFaults: ReadonlySet<string> = new Set([
  'refuse',
  'failBeforeEffect',
  'failAfterEffect',
  'loseRequest',
  'loseReply',
  'hang',
]);

const calls: Readonly<Record<HypervisorCall | LinkCall, true>> = {
  findChains: true,
  findBlockJob: true,
  copyBlock: true,
  commitBlock: true,
  pullBlock: true,
  endBlockJob: true,
  dropForgottenCopy: true,
  setBlockJobSpeed: true,
  readDefinition: true,
  defineAgain: true,
  findDevices: true,
  detachDevice: true,
  attachDevice: true,
  findDiskSource: true,
  putOverlay: true,
  takeOverlay: true,
  changeDiskImage: true,
  copyBlockByRebase: true,
  cutImage: true,
  dropLeftNodes: true,
  findAttachedPlace: true,
  findDiskImage: true,
  findState: true,
  hasFile: true,
  inspectFreeImage: true,
  resizeBlock: true,
  resizeImage: true,
  agentState: true,
  freeze: true,
  thaw: true,
  freezeStatus: true,
  imageFormats: true,
  inspectImage: true,
  isImageInUse: true,
  availableBytes: true,
  measureImage: true,
  createImage: true,
  convertImage: true,
  commitImage: true,
  rebaseImage: true,
  checksumFile: true,
  renameFile: true,
  removeFile: true,
  writeText: true,
  readText: true,
  listFiles: true,
  managedSave: true,
  saveTo: true,
  restoreFrom: true,
  start: true,
  forgetNotes: true,
  removeManagedSave: true,
  findSaved: true,
  noteSaved: true,
  listSnapshots: true,
  snapshotXml: true,
  createSnapshot: true,
  redefineSnapshot: true,
  clearSnapshotClaims: true,
  mendSnapshots: true,
  findOpenFiles: true,
  findDiskFiles: true,
  revertToSnapshot: true,
  deleteSnapshot: true,
  inspectHost: true,
  surveyHost: true,
  listDomains: true,
  findDomain: true,
  findStatus: true,
  assessIncoming: true,
  domainXml: true,
  probeFrom: true,
  judgeMigration: true,
  migrate: true,
  abortJob: true,
  setMigrationMaxDowntime: true,
  setMigrationBandwidth: true,
  startPostcopy: true,
  suspend: true,
  resume: true,
  destroy: true,
  persist: true,
  undefine: true,
  forgetHalfMoved: true,
  claimDomain: true,
  releaseClaim: true,
  findClaims: true,
  findVolume: true,
  findDiskUsers: true,
  findDirectoryUsers: true,
  createVolume: true,
  readVolume: true,
  writeVolume: true,
  deleteVolume: true,
  'link.begin': true,
  'link.prepare': true,
  'link.perform': true,
  'link.finish': true,
  'link.confirm': true,
};

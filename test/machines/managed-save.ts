import { managedSave } from '../../machines/managed-save.machine.ts';
import type {
  ManagedSaveInput,
  SavedLook,
  SavingFacts,
  SavingLook,
  SavingOptions,
} from '../../machines/policy/managed-save/managed-save.ts';
import { managedSaveInput } from '../../machines/policy/managed-save/managed-save.ts';
import type { DomainView } from '../../src/ports/domain.ts';
import type { Failure } from '../../src/ports/failure.ts';
import { guestView, hostView } from './facts.ts';
import { Walk } from './walk.ts';

export const host = 'simulated:///hostA';
export const file = '/saved/guest.mem';
export const claim = { run: 'run-1', engine: 'here:1', sinceEpochMs: 1 };
export const shutOff: DomainView = { ...guestView, state: 'shutoff', reason: 'saved' };
export const paused: DomainView = { ...guestView, state: 'paused', reason: 'apiError' };
export const none: SavedLook = { kind: 'none' };
export const half: SavedLook = { kind: 'broken', message: 'the image is incomplete' };
export const guest = {
  domainUuid: guestView.uuid,
  domainName: guestView.name,
  disks: [{ targetDev: 'vda', path: '/images/guest.qcow2' }],
  noted: [{ targetDev: 'vda', path: '/images/guest.qcow2', changedAt: '10.1' }],
};
export const whole: SavedLook = { kind: 'whole', guest };
export const unknown: Failure = {
  code: 'connectionLost',
  message: 'the reply is lost',
  effect: 'unknown',
};

export const facts: SavingFacts = {
  atEpochMs: 1,
  host: hostView('hostA'),
  domain: guestView,
  claims: [],
  saved: none,
  disks: [{ targetDev: 'vda', path: '/images/guest.qcow2', changedAt: '10.1' }],
  savedAt: null,
  unsaveable: [],
  freeBytes: null,
};

export type Request = Partial<Omit<ManagedSaveInput, 'options'>> & {
  readonly options?: Partial<SavingOptions>;
};

export const walk = (request: Request = {}) =>
  new Walk(managedSave, managedSaveInput({ domain: 'guest', host, action: 'save', ...request }));
export const claimed = (request: Request = {}, found: Partial<SavingFacts> = {}) =>
  walk(request)
    .done('gather', { ...facts, ...found })
    .done('claim', { claim, others: [] });
export const refusal = (request: Request, found: Partial<SavingFacts> = {}) =>
  walk(request)
    .done('gather', { ...facts, ...found })
    .output();
export const seen = (domain: DomainView | null, saved: SavedLook): SavingLook => ({
  domain: { atEpochMs: 2, reachable: true, domain },
  saved,
});
export const silent: SavingLook = {
  domain: { atEpochMs: 2, reachable: false, message: 'no answer' },
  saved: none,
};
export const ended = (run: Walk) => run.done('release', { released: [host] }).output();

import type { Failure } from '../../../src/ports/failure.ts';
import type { ColdSnapshotContext, TakenDevice } from './cold-snapshot.ts';
import type { Step } from './steps.ts';
import { stepKey } from './steps.ts';
import { foundDomain } from '../one-host/one-host.ts';

const failure = (code: string, message: string, effect: Failure['effect']): Failure => ({
  code,
  message,
  effect,
});

/** It was asked, and nothing takes that back: it may do so at any time. */
export function deviceNotReleased(
  context: ColdSnapshotContext,
  answer: 'refused' | 'silent',
): Failure {
  const { name } = foundDomain(context);
  const { device } = awaitedDevice(context) ?? {};
  const what = device?.description ?? 'a device';
  return answer === 'refused'
    ? failure(
        'deviceRemovalFailed',
        `${name} refused to let go of ${what}: see in the guest what uses it`,
        'none',
      )
    : failure(
        'deviceRemovalTimeout',
        `${name} did not let go of ${what} within ${context.deviceWaitMs} ms: see in the guest what uses it. It was asked, and may do so yet: then attach it again (virsh attach-device)`,
        'unknown',
      );
}

export const guestStarted = (context: ColdSnapshotContext): Failure =>
  failure(
    'guestStarted',
    `${foundDomain(context).name} was started by somebody while its disks were copied: the image was not kept`,
    'none',
  );

export const guestEnded = (context: ColdSnapshotContext): Failure =>
  failure(
    'guestEnded',
    `${foundDomain(context).name} ended by itself before its memory was saved: start it, or take an image of it shut off`,
    'none',
  );

/** The device that the guest is asked for now. */
export function awaitedDevice({ taken }: ColdSnapshotContext): TakenDevice | null {
  return taken.find(({ status }) => status === 'asked') ?? null;
}

/** What nobody here can go on with; where the guest is, what is safe and what to do. */
export function stuckAt(context: ColdSnapshotContext, step: Step | null): Failure {
  const { name } = foundDomain(context);
  const cause = context.stepFailure === null ? '' : `. Cause: ${context.stepFailure}`;
  return failure(
    codeOf(step),
    `${adviceOf(context, step, name)}${cause}${before(context)}`,
    'unknown',
  );
}

function codeOf(step: Step | null): string {
  if (step === null) return 'hostSilent';
  if (step.name === 'staleLayer') return 'chainStale';
  return step.name === 'unknownLayer' || step.name === 'gone' ? step.name : 'guestNotReturned';
}

function adviceOf(context: ColdSnapshotContext, step: Step | null, name: string): string {
  if (step === null)
    return `the host of ${name} does not answer, and it is not known whether the guest runs: see that it does, and start ${name} where it is shut off`;
  if ('disk' in step) {
    const { base, overlay } = step.disk.overlay;
    if (step.name === 'staleLayer')
      return `${name} runs on with all its data on ${base.path}, and its host believes that it is on ${overlay.path}: its daemon was killed in the moment in which that was merged. Its configuration names the right file now. Until it has been shut down and started again (virsh shutdown ${name}, virsh start ${name}) keep both files, and do not migrate, save or snapshot it; then remove ${overlay.path}`;
    return `${name} has disk ${step.disk.targetDev} on the overlay ${overlay.path}, which holds what is newer than ${base.path}: both are needed, and remove neither. ${stepKey(step)} failed: when its cause is mended, merge the overlay (virtstate merge ${name} ${step.disk.targetDev})`;
  }
  switch (step.name) {
    case 'gone':
      return `the host knows no domain ${name} any more: somebody has undefined it`;
    case 'unknownLayer': {
      const files = context.plan
        .map(({ overlay }) => `${overlay.overlay.path} over ${overlay.base.path}`)
        .join(', ');
      return `its host calls ${name} shut off since the moment in which its overlay was merged, and which of the files is the newer one is not known (${files}). Look first whether its QEMU runs on unseen (pgrep -f guest=${name}; libvirt loses a guest whose daemon is killed then), and shut that guest down from inside, or end its QEMU (SIGTERM): what that one wrote to is the newer one. Start ${name} only when you have compared the files, and when its configuration names the newer one`;
    }
    case 'start':
      return `${name} is shut off with its memory saved, and could not be started: mend the cause, and start it (virsh start ${name}); its devices are to be attached then`;
    case 'resume':
      return `${name} is paused, and goes on standing whenever it is resumed: see why (virsh domstate ${name} --reason), mend the cause, and resume it (virsh resume ${name})`;
    default:
      return `${name} could not be brought back to what it was (${stepKey(step)})`;
  }
}

function before({ failure: first }: ColdSnapshotContext): string {
  return first === null ? '' : `. Before that: ${first.message}`;
}

/** The guest runs, and lacks these. */
export function devicesLost(context: ColdSnapshotContext): Failure {
  const { name } = foundDomain(context);
  const lost = context.taken.filter(({ status }) => status === 'lost');
  const list = lost
    .map(({ device, message }) => `${device.description}: ${message ?? 'no reason given'}`)
    .join('; ');
  const image =
    context.images.length > 0
      ? ` The image is whole: ${context.images.map(({ path }) => path).join(', ')}.`
      : '';
  return failure(
    'devicesLost',
    `${name} is back, but without ${list}.${image} Mend the cause, and attach each with its XML (virsh attach-device ${name} FILE --live): ${lost.map(({ device }) => device.xml).join(' ')}${before(context)}`,
    'done',
  );
}

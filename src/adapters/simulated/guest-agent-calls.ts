import { FailureError } from '../../ports/failure.ts';
import type { GuestAgent } from '../../ports/guest-agent.ts';
import type { Place } from './domain-life.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Qemu } from './qemu.ts';
import type { SimulatedCaller } from './simulated-caller.ts';
import type { Domain } from './world.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** How soon an agent answers that is well. */
const answerMs = 10;
/** The lab's guests have one file system that can be frozen. */
const fileSystems = 1;

type Command = 'freeze' | 'thaw' | 'status';

/** {@link GuestAgent} of simulated guests. */
export function guestAgentCalls(caller: SimulatedCaller): GuestAgent {
  const { host, uri, world } = caller;
  const placeOf = (uuid: string): Place => ({ world, host, domain: caller.domain(uuid) });
  return {
    agentState: (uuid, signal) =>
      caller.ask('agentState', signal, () => {
        const domain = host.domains.get(uuid);
        return domain === undefined ? 'none' : agentStateOf(domain);
      }),

    freeze: (uuid, timeoutMs, signal) =>
      caller
        .ask('freeze', signal, async () => {
          const place = placeOf(uuid);
          const answer = await askAgent(place, 'status', timeoutMs);
          if (answer === 'elapsed') throw unavailable('Guest agent is not responding');
          if (requireQemu(place).memory.frozen) throw alreadyFrozen(uri);
          const frozen = await askAgent(place, 'freeze', timeoutMs);
          if (frozen === 'elapsed') throw timedOut();
          return { frozen };
        })
        .catch(mayBeDoneYet),

    thaw: (uuid, timeoutMs, signal) =>
      caller
        .ask('thaw', signal, async () => {
          const thawed = await askAgent(placeOf(uuid), 'thaw', timeoutMs);
          if (thawed === 'elapsed') throw timedOut();
          return { thawed };
        })
        .catch(mayBeDoneYet),

    freezeStatus: (uuid, timeoutMs, signal) =>
      caller.ask('freezeStatus', signal, async () => {
        const place = placeOf(uuid);
        if (requireQemu(place).alive && agentStateOf(place.domain) !== 'connected') return 'silent';
        if ((await askAgent(place, 'status', timeoutMs)) === 'elapsed') return 'silent';
        return requireQemu(place).memory.frozen ? 'frozen' : 'thawed';
      }),
  };
}

/** An agent of a guest that is off has nothing open. */
export function agentStateOf({ definition, qemu }: Domain): 'connected' | 'disconnected' | 'none' {
  const { agent } = definition;
  if (agent === 'none') return 'none';
  return qemu === null || agent === 'disconnected' ? 'disconnected' : 'connected';
}

/**
 * What the agent did: how many file systems it froze or thawed. `elapsed`: it has not answered, and
 * does what it was asked for when it can; but it is asked only when it has answered all before.
 *
 * @throws FailureError agentUnavailable, operationInvalid
 */
async function askAgent(
  place: Place,
  command: Command,
  timeoutMs: number,
): Promise<number | 'elapsed'> {
  const { world, host, domain } = place;
  const qemu = requireQemu(place);
  if (qemu.vcpus !== 'running') throw libvirtError('operationInvalid', 'domain is not running');
  if (agentStateOf(domain) !== 'connected') throw unavailable('QEMU guest agent is not connected');
  const whileAlive = lifeOf(host);
  const isFree = (): boolean => !qemu.agentIsBusy;
  const synced = await world.wait({ until: isFree, atMostMs: timeoutMs, whileAlive });
  if (synced === 'elapsed') return 'elapsed';
  qemu.agentIsBusy = true;
  let answer: number | null = null;
  void obey(place, qemu, command, (count) => {
    answer = count;
  });
  const until = (): boolean => answer !== null || !qemu.alive;
  const met = await world.wait({ until, atMostMs: timeoutMs, whileAlive });
  if (!qemu.alive) throw libvirtError('operationInvalid', 'domain is not running');
  return met === 'elapsed' || answer === null ? 'elapsed' : answer;
}

/** The agent's side: nobody has to be there any more for its answer. */
async function obey(
  { world, domain }: Place,
  qemu: Qemu,
  command: Command,
  reply: (count: number) => void,
): Promise<void> {
  const whileAlive = (): boolean => qemu.alive;
  const { agent } = domain.definition;
  const hangMs = typeof agent === 'object' && agent.hangsAt === command ? agent.forMs : 0;
  try {
    const listens = (): boolean => domain.definition.agent !== 'silent' && qemu.vcpus === 'running';
    await world.wait({ until: listens, whileAlive });
    await world.pass(answerMs + (command === 'freeze' ? hangMs : 0), whileAlive);
    const wasFrozen = qemu.memory.frozen;
    if (command === 'freeze') qemu.freeze();
    if (command === 'thaw') qemu.thaw();
    await world.pass(command === 'thaw' ? hangMs : 0, whileAlive);
    reply(wasFrozen === (command === 'thaw') ? fileSystems : 0);
    qemu.agentIsBusy = false;
    world.changed();
  } catch (error) {
    if (!(error instanceof CarrierDied)) throw error;
  }
}

function requireQemu({ domain: { qemu } }: Place): Qemu {
  if (qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
  return qemu;
}

function unavailable(message: string) {
  return libvirtError('agentUnresponsive', message);
}

function timedOut() {
  return libvirtError('agentTimeout', 'guest agent command timed out');
}

function alreadyFrozen(uri: string): FailureError {
  const message = `${uri}: the file systems of the guest are frozen already`;
  return new FailureError({ code: 'alreadyFrozen', message, effect: 'done' });
}

/** @throws FailureError with the effect of an agent that may do yet what it was asked for */
function mayBeDoneYet(error: unknown): never {
  if (!(error instanceof FailureError) || error.failure.code !== 'agentTimeout') throw error;
  throw new FailureError({ ...error.failure, effect: 'unknown' }, { cause: error });
}

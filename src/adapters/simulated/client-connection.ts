import type { FailureEffect } from '../../ports/failure.ts';
import { FailureError } from '../../ports/failure.ts';
import { asReply, brokenBefore, callTimeoutMs, timedOut, untilAborted } from './daemon-call.ts';
import type { FaultScript } from './fault-script.ts';
import type { LinkCall } from './faults.ts';
import { hangOf, restartLater, slownessOf } from './hang.ts';
import { libvirtError } from './libvirt-error.ts';
import { gapsMs } from './migration-job.ts';
import type { Host, World } from './world.ts';
import { CarrierDied, lifeOf } from './world.ts';

/** A request on its way. */
const wayMs = 1;

/** How long the real client waits for an answer; `null`: for as long as the connection stands. */
const waitsMs: Readonly<Record<LinkCall, number | null>> = {
  'link.begin': callTimeoutMs,
  'link.prepare': 300_000,
  'link.perform': null,
  'link.finish': null,
  'link.confirm': callTimeoutMs,
};

/** How one phase is called. */
export interface PhaseCall {
  readonly name: LinkCall;
  readonly signal: AbortSignal;
  /** What an error reply leaves behind. */
  readonly effectOfErrorReply: FailureEffect;
}

/**
 * A connection of ours that a migration hangs on. Each end learns at once of a reset or of the
 * other's end where its packets still come through, else by keepalive; the daemon acts on the end
 * only when no call of it is under way any more, for a call holds the connection.
 */
export class ClientConnection {
  readonly host: Host;
  readonly #world: World;
  readonly #faults: FaultScript;
  readonly #isAlive: () => boolean;
  readonly #resets: number;
  readonly #onLost: (message: string) => void;
  #openHere = true;
  #openThere = true;
  #underWay = 0;

  constructor(
    world: World,
    faults: FaultScript,
    { host, onLost }: { readonly host: Host; readonly onLost: (message: string) => void },
  ) {
    this.host = host;
    this.#world = world;
    this.#faults = faults;
    this.#onLost = onLost;
    this.#isAlive = lifeOf(host);
    this.#resets = world.link.clientResets(host.name);
    void this.#listenHere();
    void this.#listenThere();
  }

  /** As the daemon sees it. */
  get open(): boolean {
    return this.#openThere || this.#underWay > 0;
  }

  close(): void {
    this.#openHere = false;
    this.#world.changed();
  }

  /** @throws FailureError `connectionLost`, `aborted`, or the daemon's refusal */
  async call<T>(call: PhaseCall, work: () => Promise<T>): Promise<T> {
    const described = { host: this.host, ...call };
    if (!this.#isOpen()) throw this.#lostError('none');
    const fault = this.#faults.takeCall(call.name, this.host.name);
    if (fault === 'loseRequest') this.#world.link.resetClient(this.host.name);
    const reply = this.#answer(call.name, work, fault).catch((error: unknown) => {
      throw asReply(described, error);
    });
    return untilAborted(described, reply);
  }

  async #answer<T>(
    name: LinkCall,
    work: () => Promise<T>,
    fault: ReturnType<FaultScript['takeCall']>,
  ): Promise<T> {
    const world = this.#world;
    await world.pass(slownessOf(fault), this.#isOpen);
    await world.pass(wayMs, this.#isOpen);
    await world.wait({ until: this.#isHeard, whileAlive: this.#isOpen });
    if (fault === 'refuse') throw libvirtError('operationFailed', 'the daemon refused');
    if (fault === 'failBeforeEffect') throw brokenBefore();
    const hanging = hangOf(fault);
    if (hanging !== null) {
      if (hanging.endsMs !== null) restartLater(world, this.host, hanging.endsMs);
      const bound = waitsMs[name] === null ? {} : { atMostMs: waitsMs[name] };
      await world.wait({ until: () => false, whileAlive: this.#isOpen, ...bound });
      throw timedOut(this.host, name);
    }
    const result = await this.#untilLost(this.#run(work));
    if (fault === 'loseReply') world.link.resetClient(this.host.name);
    await world.wait({ until: this.#isHeard, whileAlive: this.#isOpen });
    if (fault === 'failAfterEffect')
      throw libvirtError('operationFailed', 'the daemon failed after it had acted', 'done');
    return result;
  }

  /** The daemon's part, which goes on when we are gone. */
  async #run<T>(work: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    try {
      return await work();
    } finally {
      this.#underWay -= 1;
      this.#world.changed();
    }
  }

  async #untilLost<T>(reply: Promise<T>): Promise<T> {
    const settled = { value: false };
    const note = (): void => {
      settled.value = true;
      this.#world.changed();
    };
    reply.then(note, note);
    await this.#world.wait({
      until: () => settled.value && this.#isAlive(),
      whileAlive: this.#isOpen,
    });
    return reply;
  }

  /** Our end: the daemon's death, a reset, or nothing heard for too long. */
  async #listenHere(): Promise<void> {
    const isGone = (): boolean => this.#isHeard() && (!this.#isAlive() || this.#isReset());
    if (!(await this.#untilGone(isGone, () => this.#openHere))) return;
    this.#openHere = false;
    this.#onLost(this.#lostError('unknown').message);
    this.#world.changed();
  }

  /** The daemon's end. */
  async #listenThere(): Promise<void> {
    const isGone = (): boolean => this.#isHeard() && (!this.#openHere || this.#isReset());
    if (!(await this.#untilGone(isGone, () => this.#openThere && this.#isAlive()))) return;
    this.#openThere = false;
    this.#world.changed();
  }

  /** @returns false where it ended otherwise */
  async #untilGone(isGone: () => boolean, whileAlive: () => boolean): Promise<boolean> {
    const world = this.#world;
    try {
      for (;;) {
        await world.wait({ until: () => isGone() || !this.#isHeard(), whileAlive });
        if (isGone()) return true;
        const atMostMs = gapsMs.peerIsLost;
        if ((await world.wait({ until: this.#isHeard, atMostMs, whileAlive })) === 'elapsed')
          return true;
      }
    } catch (error) {
      if (!(error instanceof CarrierDied)) throw error;
      return false;
    }
  }

  readonly #isOpen = (): boolean => this.#openHere && !(this.#isHeard() && this.#isReset());

  readonly #isHeard = (): boolean => this.#world.link.reachesClient(this.host.name);

  readonly #isReset = (): boolean => this.#world.link.clientResets(this.host.name) !== this.#resets;

  #lostError(effect: FailureEffect): FailureError {
    const message = `simulated:///${this.host.name}: the connection was lost`;
    return new FailureError({ code: 'connectionLost', message, effect });
  }
}

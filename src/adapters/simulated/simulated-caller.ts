import type { FailureEffect } from '../../ports/failure.ts';
import { callDaemon } from './daemon-call.ts';
import type { FaultScript } from './fault-script.ts';
import type { HypervisorCall } from './faults.ts';
import { noDomain } from './judge.ts';
import { libvirtError } from './libvirt-error.ts';
import type { Qemu } from './qemu.ts';
import type { Domain, Host, World } from './world.ts';

/** Calls of one host of a simulated world: each takes its time, and may meet a fault. */
export class SimulatedCaller {
  readonly uri: string;
  readonly world: World;
  readonly faults: FaultScript;
  readonly host: Host;

  constructor(world: World, faults: FaultScript, host: Host) {
    this.uri = `simulated:///${host.name}`;
    this.world = world;
    this.faults = faults;
    this.host = host;
  }

  ask<T>(
    name: HypervisorCall,
    signal: AbortSignal,
    work: () => T | Promise<T>,
    effectOfErrorReply: FailureEffect = 'none',
  ): Promise<Awaited<T>> {
    const call = { world: this.world, faults: this.faults, host: this.host };
    return callDaemon({ ...call, name, signal, effectOfErrorReply }, work);
  }

  /** @throws FailureError `noDomain` */
  domain(uuid: string): Domain {
    const domain = this.host.domains.get(uuid);
    if (domain === undefined) throw noDomain(uuid);
    return domain;
  }

  /** @throws FailureError `noDomain`, `operationInvalid` where it does not run */
  qemu(uuid: string): Qemu {
    const { qemu } = this.domain(uuid);
    if (qemu === null) throw libvirtError('operationInvalid', 'domain is not running');
    return qemu;
  }
}

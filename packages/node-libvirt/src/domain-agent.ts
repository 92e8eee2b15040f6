import { runAgentCommand } from './agent-command.ts';
import type { FlagOptions } from './call-options.ts';
import { DomainDevices } from './domain-devices.ts';
import { agentTimeouts } from './flags.ts';
import { fromInteger64, toInteger64, type Integer64 } from './integer64.ts';
import { agentProcedures as procedures } from './protocol/index.ts';

/** A file system that the guest has mounted. */
export interface FilesystemInfo {
  readonly mountpoint: string;
  /** The guest's name for it, such as `vda1`. */
  readonly name: string;
  readonly type: string;
  /** Target devices of the disks it is on, where libvirt knows them. */
  readonly disks: readonly string[];
}

/** The guest's clock. */
export interface GuestTime {
  readonly seconds: Integer64;
  readonly nanoseconds: number;
}

export interface MountpointOptions extends FlagOptions {
  /** Left out: every file system that can be frozen. */
  readonly mountpoints?: readonly string[] | undefined;
}

export interface AgentCommandOptions extends FlagOptions {
  /** Or one of `agentTimeouts`; DEFAULT, when left out, is the daemon's 5 s. */
  readonly timeoutSeconds?: number | undefined;
}

/**
 * {@link Domain}: what the agent in the guest does. An agent can stay silent for ever, and libvirt waits for it unless
 * {@link agentSetResponseTimeout} was called; so these go over a socket of their own.
 */
export abstract class DomainAgent extends DomainDevices {
  /** virDomainFSFreeze: holds back all writes. Resolves to the number of file systems frozen. */
  async fsFreeze(options: MountpointOptions = {}): Promise<number> {
    const args = { ...this.with(options), mountpoints: [...(options.mountpoints ?? [])] };
    return (await this.caller.call(procedures.domainFsFreeze, args, options.signal)).filesystems;
  }

  /** virDomainFSThaw. Resolves to the number of file systems thawed. */
  async fsThaw(options: MountpointOptions = {}): Promise<number> {
    const args = { ...this.with(options), mountpoints: [...(options.mountpoints ?? [])] };
    return (await this.caller.call(procedures.domainFsThaw, args, options.signal)).filesystems;
  }

  /** virDomainGetFSInfo. */
  async getFSInfo(options?: FlagOptions): Promise<FilesystemInfo[]> {
    const procedure = procedures.domainGetFsInfo;
    return (await this.caller.call(procedure, this.with(options), options?.signal)).filesystems;
  }

  /** virDomainGetTime. */
  async getTime(options?: FlagOptions): Promise<GuestTime> {
    const procedure = procedures.domainGetTime;
    const reply = await this.caller.call(procedure, this.with(options), options?.signal);
    return { seconds: toInteger64(reply.seconds), nanoseconds: reply.nanoseconds };
  }

  /** virDomainSetTime, with `setTimeFlags`. */
  async setTime({ seconds, nanoseconds }: GuestTime, options?: FlagOptions): Promise<void> {
    const args = { ...this.with(options), seconds: fromInteger64(seconds), nanoseconds };
    await this.caller.call(procedures.domainSetTime, args, options?.signal);
  }

  /**
   * virDomainAgentSetResponseTimeout: how long the daemon waits for the agent from now on, or one of `agentTimeouts`. Not
   * for {@link agentCommand}, which has its own limit, nor for what is under way. Answered at once.
   */
  async agentSetResponseTimeout(timeoutSeconds: number, options?: FlagOptions): Promise<void> {
    const args = { ...this.with(options), timeoutSeconds };
    await this.caller.call(procedures.domainAgentSetResponseTimeout, args, options?.signal);
  }

  /**
   * virDomainQemuAgentCommand: any command of the agent's protocol. Resolves to what the agent put under `return`; to null
   * where the daemon was told not to wait.
   */
  agentCommand(
    command: string,
    commandArguments?: Readonly<Record<string, unknown>>,
    options: AgentCommandOptions = {},
  ): Promise<unknown> {
    const { timeoutSeconds = agentTimeouts.DEFAULT, signal } = options;
    const args = { ...this.with(options), timeoutSeconds };
    return runAgentCommand(this.caller, args, { command, commandArguments }, signal);
  }
}

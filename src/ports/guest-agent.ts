/** The agent in the guest, which alone can bring its file systems to rest. */
export interface GuestAgent {
  /** From the live definition: `none` where it has no channel for an agent. */
  agentState(uuid: string, signal: AbortSignal): Promise<'connected' | 'disconnected' | 'none'>;
  /**
   * virDomainFSFreeze of all file systems, bounded on libvirt's side, too
   * (virDomainAgentSetResponseTimeout, whose default comes back with the thaw). The agent is asked a
   * harmless question first, for which it has the same time. Resolves to how many were frozen.
   *
   * @throws FailureError `agentUnavailable` (effect `none`), `alreadyFrozen` (by whomever; effect
   *   `done`), `agentTimeout` (effect `unknown`: it may freeze yet), `freezeFailed` (effect `unknown`)
   */
  freeze(
    uuid: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<{ readonly frozen: number }>;
  /**
   * virDomainFSThaw; nothing to do where nothing is frozen.
   *
   * @throws FailureError `agentUnavailable` (effect `none`), `agentTimeout` (effect `unknown`),
   *   `thawFailed`
   */
  thaw(uuid: string, timeoutMs: number, signal: AbortSignal): Promise<{ readonly thawed: number }>;
  /**
   * guest-fsfreeze-status by virDomainQemuAgentCommand. `silent`: no agent answers now; `unknown`: it
   * does not tell that.
   */
  freezeStatus(
    uuid: string,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<'thawed' | 'frozen' | 'silent' | 'unknown'>;
}

/** What other managers compute, by their defaults; for comparison in docs/convergence.md. */

const gbOfGib = 2 ** 30 / 1e9;

/** virt/libvirt/migration.py and _live_migration_data_gb, with the defaults of conf/libvirt.py. */
export const nova = {
  dataGib(memoryGib: number, disksGib: readonly number[]): number {
    const disks = disksGib.map((disk) => Math.max(2, Math.floor(disk)));
    return disks.reduce((sum, disk) => sum + disk, Math.max(2, Math.floor(memoryGib)));
  },
  completionTimeoutS: (sizeGib: number): number => Math.trunc(800 * sizeGib),
  downtimeSteps(sizeGib: number): { readonly atS: number; readonly downtimeMs: number }[] {
    const [limitMs, steps, delayS] = [500, 10, 75];
    const baseMs = limitMs / steps;
    const offsetMs = (limitMs - baseMs) / steps;
    return Array.from({ length: steps + 1 }, (_, step) => ({
      atS: Math.trunc(delayS * sizeGib) * step,
      downtimeMs: Math.trunc(baseMs + offsetMs * step),
    }));
  },
};

/** getVMIMigrationDataSize (ScaledValue rounds up), newMigrationMonitor, tuneDowntime. */
export const kubevirt = {
  dataGb(memoryGib: number, disksGib: readonly number[]): number {
    const gib = disksGib.reduce((sum, disk) => sum + disk, memoryGib);
    return Math.ceil(gib * gbOfGib);
  },
  completionTimeoutS: (sizeGb: number): number => 150 * sizeGb,
  firstRaiseAtPass: 3,
  /** The first is set at once; what is raised afterwards is QEMU's 300 ms, not it. */
  tunedDowntimesMs(): number[] {
    const [initialMs, steps, maxMs] = [150, 7, 900];
    const stepMs = Math.max(1, Math.trunc((maxMs - initialMs) / steps));
    const limits = [initialMs];
    for (let limitMs = 300; limitMs < maxMs;) {
      limitMs = Math.min(limitMs + stepMs, maxMs);
      limits.push(limitMs);
    }
    return limits;
  },
};

/** _legacy_convergence_schedule and exponential_downtime, with the defaults of config.py. */
export const vdsm = {
  downtimesMs(): number[] {
    const [limitMs, steps] = [500, 5];
    const offset = limitMs / steps;
    const base = (limitMs - offset) ** (1 / (steps - 1));
    return Array.from({ length: steps }, (_, step) => Math.trunc(offset + base ** step));
  },
  /** An item is due when more passes have begun than its limit: 1, 2, ... for each step. */
  lastStepAtPass: (): number => vdsm.downtimesMs().length,
  /** The last step is repeated with the limit 42; the abort follows with the next pass. */
  abortsAtPass: (): number => 42 + 1 + 1,
};

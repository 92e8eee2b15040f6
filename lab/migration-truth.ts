import type { HostPaths } from './paths.ts';
export interface MigrationTruth { asyncJob: string; phase: string }
export interface PhaseChange { atEpochMs: number }
export async function readMigrationTruth(host: HostPaths, domain: string): Promise<MigrationTruth | null> { return null; }
export async function readMigrationLog(host: HostPaths): Promise<PhaseChange[]> { return []; }

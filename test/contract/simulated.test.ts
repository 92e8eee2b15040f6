import { allParts, hypervisorContract } from './hypervisor.contract.ts';
import { simulatedHosts } from './simulated-hosts.ts';

hypervisorContract('simulated world', simulatedHosts, {
  parts: allParts,
  caseTimeoutMs: 5_000,
  setupTimeoutMs: 5_000,
});

import { describeLab } from '../support/needs.ts';
import { hypervisorContract } from './hypervisor.contract.ts';
import { labHosts } from './lab-hosts.ts';

describeLab('devices of a real daemon', () => {
  hypervisorContract('libvirt', () => labHosts('libvirt-devices'), {
    parts: ['devices'],
    caseTimeoutMs: 90_000,
    setupTimeoutMs: 120_000,
  });
});

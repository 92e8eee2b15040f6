export { createLibvirtHypervisors, type LibvirtHypervisorsOptions } from './hypervisors.ts';

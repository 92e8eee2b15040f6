import type { Domain } from './domain.ts';

/** A snapshot that libvirt knows of a domain. */
export class DomainSnapshot {
  readonly domain: Domain;
  readonly name: string;

  constructor(domain: Domain, name: string) {
    this.domain = domain;
    this.name = name;
  }
}

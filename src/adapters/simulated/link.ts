/** Which packets get lost: those that leave the host of that name, or all. */
export type Cut = { readonly from: string } | 'all';

/**
 * The cable between the hosts, and the one between us and each host. A cut loses what is on its way;
 * a TCP peer notices much later. A reset is noticed at once.
 */
export class Link {
  readonly #changed: () => void;
  readonly #silent = new Set<string>();
  readonly #cutFromClient = new Set<string>();
  readonly #withoutPower = new Set<string>();
  readonly #clientResets = new Map<string, number>();
  #allCut = false;
  #bandwidthBytesPerS: number;
  #streamResets = 0;
  #refusesStreams = false;

  constructor(bandwidthBytesPerS: number, changed: () => void) {
    this.#bandwidthBytesPerS = bandwidthBytesPerS;
    this.#changed = changed;
  }

  get bandwidthBytesPerS(): number {
    return this.#bandwidthBytesPerS;
  }

  /** Grows with each reset of the streams of memory: one that began before it is broken. */
  get streamResets(): number {
    return this.#streamResets;
  }

  /** No stream of memory can be opened now. */
  get refusesStreams(): boolean {
    return this.#refusesStreams;
  }

  /** Do packets that leave `from` arrive? */
  delivers(from: string): boolean {
    return !this.#allCut && !this.#silent.has(from) && !this.#withoutPower.has(from);
  }

  /** A byte stream needs its acknowledgements. */
  carries(from: string, to: string): boolean {
    return this.delivers(from) && this.delivers(to);
  }

  /** Do we and the host of that name hear each other? */
  reachesClient(host: string): boolean {
    return !this.#cutFromClient.has(host) && !this.#withoutPower.has(host);
  }

  /** As {@link streamResets}, for our own connections to that host. */
  clientResets(host: string): number {
    return this.#clientResets.get(host) ?? 0;
  }

  cut(what: Cut): void {
    if (what === 'all') this.#allCut = true;
    else this.#silent.add(what.from);
    this.#changed();
  }

  cutFromClient(host: string): void {
    this.#cutFromClient.add(host);
    this.#changed();
  }

  resetClient(host: string): void {
    this.#clientResets.set(host, this.clientResets(host) + 1);
    this.#changed();
  }

  /** TCP resets on the ports of migrations alone: `once`, or for every stream until it is restored. */
  breakStreams(how: 'once' | 'untilRestored'): void {
    this.#streamResets += 1;
    this.#refusesStreams ||= how === 'untilRestored';
    this.#changed();
  }

  /** Nothing leaves or reaches that host, and no cable that is mended changes it. */
  powerOff(host: string): void {
    this.#withoutPower.add(host);
    this.#changed();
  }

  powerOn(host: string): void {
    if (this.#withoutPower.delete(host)) this.#changed();
  }

  hasPower(host: string): boolean {
    return !this.#withoutPower.has(host);
  }

  restore(): void {
    this.#allCut = false;
    this.#silent.clear();
    this.#cutFromClient.clear();
    this.#refusesStreams = false;
    this.#changed();
  }

  setBandwidth(bytesPerS: number): void {
    this.#bandwidthBytesPerS = bytesPerS;
    this.#changed();
  }
}

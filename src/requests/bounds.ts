/** What values may be, wherever they come from: the command line, a file or the network. */

/** As `<target dev>` has it. */
export const deviceName = /^[A-Za-z0-9_.-]{1,64}$/;
/** As far as a claim may have been made by somebody else, it is only known to have a name. */
export const runName = /^[^\p{Cc}]{1,255}$/u;
/** An absolute path on a host; it goes to libvirt and qemu-img as it is. */
export const pathOnHost = /^\/[^\p{Cc}]{0,4000}$/u;
/** As libvirt takes one (virDomainDefNameValidate): no slash, no line break. */
export const nameOfDomain = /^[^/\p{Cc}]{1,255}$/u;
/** Of a snapshot or an image: each becomes part of a file's name. */
export const nameOfSnapshot = /^[^/\p{Cc}]{1,247}$/u;
/** Name or address of a host, as a certificate or a listening socket has it. */
export const addressOfHost = /^[A-Za-z0-9._:%-]{1,255}$/;
/** Alias of a device. */
export const deviceAlias = /^[A-Za-z0-9_.:-]{1,128}$/;
/** A format of qemu-img. */
export const imageFormat = /^[a-z0-9-]{1,20}$/;

/** virDomainMigrateSetMaxDowntime takes no more than 2000 s. */
export const downtimeMsMax = 2_000_000;
export const rampStepsMax = 100;
export const passesMax = 1_000;
export const timeoutSMax = 604_800;
export const timeoutPerGibSMax = 86_400;
export const bandwidthMibPerSMax = 1_000_000;
/** How long a host whose answer decides may be waited for. */
export const peerWaitSMax = 86_400;
export const compressionMethods = ['xbzrle', 'mt', 'zlib', 'zstd'] as const;

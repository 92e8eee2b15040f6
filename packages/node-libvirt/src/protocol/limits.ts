/**
 * libvirt's own bounds, from virnetprotocol.x and remote_protocol.x (9.0 to 11): what is above them is refused by either
 * end, so they bound what a broken peer can make us hold.
 */
export const limits = {
  /** VIR_NET_MESSAGE_MAX, without the length word in front. */
  messageBytes: 33_554_432,
  lengthWordBytes: 4,
  headerBytes: 24,
  /** VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX: stream data in one message, as libvirt's own ends cut it. */
  streamDataBytes: 262_120,
  stringBytes: 4_194_304,
  cookieBytes: 4_194_304,
  domains: 16_384,
  networks: 16_384,
  storagePools: 16_384,
  storageVolumes: 16_384,
  snapshots: 16_384,
  migrateParams: 64,
  jobStats: 64,
  saveParams: 64,
  blockCopyParams: 16,
  memoryStats: 16,
  diskErrors: 256,
  mountpoints: 256,
  filesystems: 256,
  filesystemDisks: 256,
  secrets: 16_384,
  secretValueBytes: 65_536,
  authTypes: 20,
  saslDataBytes: 65_536,
} as const;

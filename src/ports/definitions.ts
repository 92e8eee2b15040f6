/** A domain's configuration as its host told it. */
export interface DefinitionCopy {
  /** With its secrets: it goes back to that host only, and nobody else may read it. */
  readonly text: string;
  /** Its host starts it by itself, of which the text says nothing. */
  readonly autostart: boolean;
}

/** Taking a definition away for a while ({@link HypervisorCore.undefine}), and giving it back. */
export interface Definitions {
  /**
   * virDomainGetXMLDesc of what is configured, which may be other than what runs, and
   * virDomainGetAutostart.
   *
   * @throws FailureError `noDefinition` where the domain is transient
   */
  readDefinition(uuid: string, signal: AbortSignal): Promise<DefinitionCopy>;
  /**
   * virDomainDefineXML and virDomainSetAutostart, whether the domain still runs or is gone. A definition
   * that it has by then stays as it is.
   *
   * @throws FailureError `operationInvalid` of an old libvirt while a disk of the domain is copied
   */
  defineAgain(uuid: string, copy: DefinitionCopy, signal: AbortSignal): Promise<void>;
}

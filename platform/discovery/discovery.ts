/** What is known of where a program answers. It changes by itself, as its instances come and go. */
export interface Instances {
  /** `https://host:port` of each instance to call now, none twice. Empty only when none was ever known. */
  readonly origins: readonly string[];
}

/** What a program tells others of itself. At which address it is reached is known to whoever tells. */
export interface Registration {
  readonly program: string;
  readonly port: number;
}

/** Who tells where the platform's programs are. Never who they are: that is for their certificates. */
export interface Discovery extends AsyncDisposable {
  /** Where `program` is from now on; undefined when that is no program's name. */
  watch(program: string): Instances | undefined;

  /** Tells others of us until it is disposed of: after that no further caller is sent to us. */
  register(registration: Registration): AsyncDisposable;
}

/** A set of addresses that begin alike. */
export interface Cidr {
  /** 16 octets: an IPv4 address as the IPv6 address it is mapped to. */
  readonly octets: Uint8Array;
  readonly prefixBits: number;
}

const mappedPrefix = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff] as const;

/** @returns undefined for what is neither an address nor `address/bits`. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = "", bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const octets = parseAddress(address);
  if (!octets) return undefined;
  const isIpv4 = !address.includes(":");
  const bitsMax = isIpv4 ? 32 : 128;
  const given = bits === undefined ? bitsMax : Number(bits);
  if (given > bitsMax) return undefined;
  return { octets, prefixBits: isIpv4 ? 96 + given : given };
}

/** 16 octets of an IPv4 or IPv6 address; undefined for anything else. A zone is left out. */
export function parseAddress(text: string): Uint8Array | undefined {
  const address = text.replace(/%.*$/, "");
  if (!address.includes(":")) {
    const four = parseIpv4(address);
    return four && Uint8Array.from([...mappedPrefix, ...four]);
  }
  const groups = parseIpv6(address);
  return groups && Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

export function contains({ octets, prefixBits }: Cidr, address: Uint8Array): boolean {
  const whole = prefixBits >> 3;
  for (let at = 0; at < whole; at++) if (octets[at] !== address[at]) return false;
  const rest = prefixBits & 7;
  if (rest === 0) return true;
  const mask = 0xff << (8 - rest) & 0xff;
  return (octets[whole]! & mask) === (address[whole]! & mask);
}

/** Decimal only: 010 is ten to some programs and eight to others. */
function parseIpv4(text: string): number[] | undefined {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) {
    return undefined;
  }
  const octets = parts.map(Number);
  return octets.every((octet) => octet <= 255) ? octets : undefined;
}

function parseIpv6(text: string): number[] | undefined {
  const [, start, tail] = /^(.*:)(\d[\d.]*\.[\d.]+)$/.exec(text) ?? [];
  const four = tail === undefined ? undefined : parseIpv4(tail);
  if (tail !== undefined && !four) return undefined;
  const hex = four
    ? `${start}${((four[0]! << 8) | four[1]!).toString(16)}:${
      ((four[2]! << 8) | four[3]!).toString(16)
    }`
    : text;
  const halves = hex.split("::");
  if (halves.length > 2) return undefined;
  const [first, last] = halves.map((half) => half === "" ? [] : half.split(":"));
  const given = [...first!, ...last ?? []];
  if (!given.every((group) => /^[0-9A-Fa-f]{1,4}$/.test(group))) return undefined;
  const missing = 8 - given.length;
  if (last === undefined ? missing !== 0 : missing < 1) return undefined;
  const zeros = Array<string>(missing).fill("0");
  return [...first!, ...zeros, ...last ?? []].map((group) => parseInt(group, 16));
}

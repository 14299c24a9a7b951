import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';

/** Where a request came from, as far as it can be believed. */
export interface Origin {
  readonly address: string;
  readonly protocol: 'http' | 'https';
  readonly host: string;
}

/** Headers by which a caller could pretend that a trace is his to continue. */
const traceHeaders = ['traceparent', 'tracestate', 'baggage'];

/** Believes forwarded headers of the balancers that the configuration names, and of nobody else. */
export class TrustedProxies {
  private readonly networks = new BlockList();
  private readonly none: boolean;

  /** @param entries addresses or CIDR networks */
  constructor(entries: readonly string[]) {
    this.none = entries.length === 0;
    for (const entry of entries) this.add(entry);
  }

  originOf(request: IncomingMessage): Origin {
    const peer = plainAddress(request.socket.remoteAddress);
    const { headers } = request;
    if (!this.trusts(peer)) return { address: peer, protocol: protocolOf(request), host: headers.host ?? '' };
    return {
      address: this.clientBehind(peer, headers),
      protocol: headers['x-forwarded-proto'] === 'https' ? 'https' : protocolOf(request),
      host: forwardedHost(headers) ?? headers.host ?? '',
    };
  }

  /** Removes what only a trusted balancer may say, before anything reads it. */
  strip(request: IncomingMessage): void {
    const { headers } = request;
    if (
      headers.traceparent === undefined &&
      headers.tracestate === undefined &&
      headers.baggage === undefined
    )
      return;
    if (this.trusts(plainAddress(request.socket.remoteAddress))) return;
    for (const name of traceHeaders) delete headers[name];
  }

  private trusts(address: string): boolean {
    if (this.none || address === '') return false;
    return this.networks.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }

  // Every hop appends the address it saw. From the right, the first one that is not a balancer of ours is the client;
  // everything further left is the client's own text.
  private clientBehind(peer: string, headers: IncomingHttpHeaders): string {
    const chain = String(headers['x-forwarded-for'] ?? '').split(',');
    let client = peer;
    for (const hop of chain.reverse().map((part) => plainAddress(part.trim()))) {
      if (isIP(hop) === 0) return client;
      client = hop;
      if (!this.trusts(hop)) return client;
    }
    return client;
  }

  private add(entry: string): void {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address);
    if (family === 0) throw new Error('TRUSTED_PROXIES holds something that is no address or network');
    const type = family === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) this.networks.addAddress(address, type);
    else this.networks.addSubnet(address, Number(prefix), type);
  }
}

function protocolOf(request: IncomingMessage): 'http' | 'https' {
  return 'encrypted' in request.socket ? 'https' : 'http';
}

// An IPv4 peer of a dual-stack socket.
function plainAddress(address: string | undefined): string {
  return address?.startsWith('::ffff:') ? address.slice(7) : (address ?? '');
}

function forwardedHost(headers: IncomingHttpHeaders): string | undefined {
  const host = headers['x-forwarded-host'];
  return typeof host === 'string' && /^[\w.\-:[\]]{1,255}$/.test(host) ? host : undefined;
}

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP way to a server that can fall silent: what is connected stays so and hears nothing, as does who comes anew. */
export class TcpProxy {
  private readonly sockets = new Set<Socket>();
  private silent = false;
  private readonly server = createServer((near) => this.join(near));

  private constructor(private readonly target: URL) {}

  static async open(target: string): Promise<TcpProxy> {
    const proxy = new TcpProxy(new URL(target));
    await new Promise<void>((resolve) => proxy.server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String((this.server.address() as AddressInfo).port);
    return url.href;
  }

  fallSilent(): void {
    this.silent = true;
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  /** For those who come from now on; what was connected is lost. */
  speakAgain(): void {
    this.silent = false;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private join(near: Socket): void {
    this.keep(near);
    if (this.silent) return void near.pause();
    const far = connect(Number(this.target.port), this.target.hostname);
    this.keep(far);
    near.pipe(far).pipe(near);
    for (const socket of [near, far]) socket.on('close', () => void (near.destroy(), far.destroy()));
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }
}

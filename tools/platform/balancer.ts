import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/**
 * Stands before the replicas of one service as a Kubernetes Service does: each new connection goes to the next replica
 * that takes it. It knows nothing of HTTP, so an open connection breaks with its replica.
 */
export class Balancer {
  private readonly server: Server = createServer({ noDelay: true }, (client) => this.forward(client));
  private readonly sockets = new Set<Socket>();
  private readonly ports: readonly number[];
  private next = 0;

  constructor(ports: readonly number[]) {
    this.ports = ports;
  }

  async listen(port = 0): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject).listen(port, '127.0.0.1', resolve);
    });
    return (this.server.address() as AddressInfo).port;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private forward(client: Socket, tried = 0): void {
    if (tried === 0) this.keep(client);
    if (tried === this.ports.length) {
      client.destroy();
      return;
    }
    const port = this.ports[this.next++ % this.ports.length] ?? 0;
    const upstream = connect({ host: '127.0.0.1', port, noDelay: true });
    this.keep(upstream);
    const tryNext = () => this.forward(client, tried + 1);
    upstream.once('error', tryNext);
    upstream.once('connect', () => {
      upstream.off('error', tryNext);
      client.pipe(upstream).pipe(client);
      upstream.once('close', () => client.destroy());
      client.once('close', () => upstream.destroy());
    });
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => this.sockets.delete(socket));
  }
}

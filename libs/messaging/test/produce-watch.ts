import { connect, createServer, type Server, type Socket } from 'node:net';

const produceKey = 0;

/**
 * A way to a broker on which the produce requests can be read. It puts its own port where the broker tells its address, so
 * that clients stay on it.
 */
export class ProduceWatch {
  /** The `acks` field of every produce request so far: -1 asks for all in-sync replicas. */
  readonly acks: number[] = [];
  private readonly sockets = new Set<Socket>();
  private server: Server | undefined;
  private port = 0;

  private constructor(
    private readonly host: string,
    private readonly target: number,
  ) {}

  static async open(broker: string): Promise<ProduceWatch> {
    const [host = '', port = ''] = broker.split(':');
    const watch = new ProduceWatch(host, Number(port));
    await watch.listen();
    return watch;
  }

  get address(): string {
    return `${this.host}:${this.port}`;
  }

  async close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  private async listen(): Promise<void> {
    const server = createServer((client) => this.join(client));
    this.server = server;
    await new Promise<void>((resolve) => server.listen(0, this.host, resolve));
    this.port = (server.address() as { port: number }).port;
  }

  private join(client: Socket): void {
    const broker = connect(this.target, this.host);
    for (const each of [client, broker]) {
      this.sockets.add(each);
      each.on('error', () => undefined);
    }
    eachFrame(client, (frame) => {
      if (frame.readInt16BE(4) === produceKey) this.acks.push(acksOf(frame));
      broker.write(frame);
    });
    eachFrame(broker, (frame) => client.write(this.redirected(frame)));
    client.once('close', () => broker.destroy());
    broker.once('close', () => client.destroy());
  }

  /** Host and port stand side by side in the broker's metadata; the port has four bytes, so nothing moves. */
  private redirected(frame: Buffer): Buffer {
    const port = Buffer.alloc(4);
    port.writeInt32BE(this.target);
    const place = Buffer.concat([Buffer.from(this.host), port]);
    for (let at = frame.indexOf(place); at >= 0; at = frame.indexOf(place, at + 1))
      frame.writeInt32BE(this.port, at + place.length - 4);
    return frame;
  }
}

/** Kafka's frames: four bytes of length, then the request or answer. */
function eachFrame(socket: Socket, handle: (frame: Buffer) => void): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0);
      handle(Buffer.from(rest.subarray(0, end)));
      rest = rest.subarray(end);
    }
  });
}

/** Length, api key, api version, correlation id, client id, transactional id, acks (Produce v3 to v8). */
function acksOf(frame: Buffer): number {
  const afterClientId = 14 + Math.max(frame.readInt16BE(12), 0);
  const transactionalId = Math.max(frame.readInt16BE(afterClientId), 0);
  return frame.readInt16BE(afterClientId + 2 + transactionalId);
}

import type { AddressInfo } from 'node:net';
import { type FastifyInstance, type FastifyRequest, fastify } from 'fastify';

export interface SeenRequest {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** The edge of a service: answers what the spec tells it and remembers what it was asked. */
export class FakeService {
  readonly seen: SeenRequest[] = [];
  readonly app: FastifyInstance = fastify({ forceCloseConnections: true });

  constructor() {
    this.app.removeAllContentTypeParsers();
    this.app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
    this.app.addHook('preHandler', async (request) => void this.seen.push(toSeen(request)));
  }

  async start(port = 0): Promise<this> {
    await this.app.listen({ port, host: '127.0.0.1' });
    return this;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.app.server.address() as AddressInfo).port}`;
  }

  get last(): SeenRequest {
    const last = this.seen.at(-1);
    if (!last) throw new Error('the service was not asked');
    return last;
  }

  async stop(): Promise<void> {
    await this.app.close();
  }
}

function toSeen(request: FastifyRequest): SeenRequest {
  const { method, url, headers } = request;
  return { method, url, headers, body: typeof request.body === 'string' ? request.body : '' };
}

import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { type ParsedMail, simpleParser } from 'mailparser';

export interface SinkMail {
  from: string;
  to: string[];
  raw: string;
  parsed: ParsedMail;
}

type Step = 'connect' | 'MAIL' | 'RCPT' | 'DATA' | 'accepted';

/** An SMTP server inside the spec that keeps what it gets and can be told to refuse, be slow, or hang up. */
export class SmtpSink {
  readonly mails: SinkMail[] = [];
  /** Asked at every step: an answer such as `451 later`, `'hang up'`, or nothing to go on. */
  refuse: (step: Step, argument: string) => string | undefined | Promise<string | undefined> = () =>
    undefined;
  private readonly server: Server = createServer((socket) => this.serve(socket));
  private readonly sockets = new Set<Socket>();

  async start(): Promise<this> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  get url(): string {
    return `smtp://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => undefined);
    const session = new Session(this, socket);
    // One line at a time: an answer may be slow.
    let work: Promise<unknown> = session.answer('connect', '', '220 sink');
    socket.setEncoding('utf8');
    let rest = '';
    socket.on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines) work = work.then(() => session.line(line));
    });
  }
}

class Session {
  private from = '';
  private to: string[] = [];
  private data: string[] | undefined;

  constructor(
    private readonly sink: SmtpSink,
    private readonly socket: Socket,
  ) {}

  private readonly commands: Record<string, (argument: string) => unknown> = {
    EHLO: () => this.write('250-sink\r\n250 SMTPUTF8'),
    MAIL: (argument) => {
      this.from = addressIn(argument);
      this.to = [];
      return this.answer('MAIL', this.from);
    },
    RCPT: async (argument) => {
      if (await this.answer('RCPT', addressIn(argument))) this.to.push(addressIn(argument));
    },
    DATA: async () => {
      if (await this.answer('DATA', '', '354 go on')) this.data = [];
    },
    QUIT: () => {
      this.write('221 bye');
      this.socket.end();
    },
  };

  async line(line: string): Promise<unknown> {
    if (this.data) return this.dataLine(this.data, line);
    const [command = '', argument = ''] = line.split(/\s+(.*)/s);
    const act = this.commands[command.toUpperCase()];
    return act ? act(argument) : this.write('250 ok');
  }

  /** False when the step was refused. */
  async answer(step: Step, argument: string, ok = '250 ok'): Promise<boolean> {
    const refusal = await this.sink.refuse(step, argument);
    if (refusal === 'hang up') this.socket.destroy();
    else this.write(refusal ?? ok);
    return refusal === undefined;
  }

  private async dataLine(data: string[], line: string): Promise<void> {
    if (line !== '.') {
      data.push(line.startsWith('.') ? line.slice(1) : line);
      return;
    }
    this.data = undefined;
    const raw = data.map((text) => `${text}\r\n`).join('');
    // Kept before the answer: "accepted, but the sender never hears it" is a case worth testing.
    const mail = { from: this.from, to: this.to, raw, parsed: await simpleParser(raw) };
    const refusal = await this.sink.refuse('accepted', raw);
    if (refusal === undefined || refusal === 'hang up') this.sink.mails.push(mail);
    if (refusal === 'hang up') this.socket.destroy();
    else this.write(refusal ?? '250 accepted');
  }

  private write(line: string): void {
    if (!this.socket.destroyed) this.socket.write(`${line}\r\n`);
  }
}

function addressIn(argument: string): string {
  return /<([^>]*)>/.exec(argument)?.[1] ?? '';
}

// A relay in a process of its own that stops itself, as a machine may at any moment, between its last look at the lease and
// the network. Run by node itself against the built library.
import { Logger } from '@nestjs/common';
import { openDatabase } from '@nest-arch/database';
import { Publisher, Relay } from '@nest-arch/messaging';

interface Options {
  url: string;
  brokers: string[];
  prefix: string;
  leaseMs: number;
  marginMs: number;
}

Logger.overrideLogger(false);

class FreezingPublisher extends Publisher {
  override send(...[records, mayWrite = () => true]: Parameters<Publisher['send']>) {
    return super.send(records, () => {
      const may = mayWrite();
      if (may) process.kill(process.pid, 'SIGSTOP');
      return may;
    });
  }
}

const { url, brokers, prefix, ...lease } = JSON.parse(process.argv[2] ?? '') as Options;
const db = await openDatabase({ url });
const publisher = new FreezingPublisher({ brokers, clientId: 'freezing', topicPrefix: prefix });
const relay = new Relay(db, publisher, lease);
relay.start();
while (!relay.holds(0) || !relay.holds(63)) await new Promise((resolve) => setTimeout(resolve, 20));
process.send?.('ready');

process.once('disconnect', () => process.exit());

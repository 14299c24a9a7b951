// A service that does nothing, in a process of its own: forked by scenarios/idle.ts with what it is to have.
import { type BenchHandler, startService } from './service.ts';
import { Directory } from './directory.ts';
import { userRegisteredV1 } from '@nest-arch/contracts';

export interface IdleOptions {
  url: string;
  brokers: string[];
  topicPrefix: string;
  appName: string;
  relay: boolean;
  consumer: boolean;
  projection: boolean;
}

const options = JSON.parse(process.argv[2] ?? '') as IdleOptions;
const { url, brokers, topicPrefix, appName } = options;
const directory = new Directory();
let read = 0;
directory.onRecords = (count) => {
  read += count;
  process.send?.({ read });
};
const handler: BenchHandler = {
  event: userRegisteredV1 as BenchHandler['event'],
  handle: () => Promise.resolve(),
};
const service = await startService({
  url,
  messaging: { appName, brokers, topicPrefix, ...(options.relay ? {} : { relay: false }) },
  ...(options.consumer && { handlers: [handler], servers: [{}] }),
  ...(options.projection && { projection: directory }),
});
process.send?.({ ready: true });
process.once('disconnect', () => void service.stop().finally(() => process.exit(0)));

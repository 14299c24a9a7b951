export { engines, testKafkaPrefix } from './engines.js';
export { FakeClock } from './fake-clock.js';
export { HttpClient, type Answer, type RequestOptions } from './http-client.js';
export { MailCatcher, linkToken, type CaughtMail } from './mail-catcher.js';
export { SmtpSink, type SinkMail } from './smtp-sink.js';
export { readEvents, type ServerSentEvent } from './sse-client.js';
export { dropDatabase, emptyDatabase, testDatabase, type TestDatabase } from './test-database.js';
export { race, waitFor, type WaitOptions } from './wait-for.js';

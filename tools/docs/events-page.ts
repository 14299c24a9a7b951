import type { EventDefinition, JsonSchema, TopicDefinition } from '@nest-arch/contracts';
import { fieldRows } from './schema-fields.ts';

const intro = `# Events

Generated from \`libs/contracts\` by \`npm run docs\`; checked in CI. The same for programs: [asyncapi.json](asyncapi.json), which the
gateway serves as \`/asyncapi.json\`, and [a JSON Schema of every type](../libs/contracts/schemas).

To subscribe: [a consumer in one of our services](how-to/add-a-consumer.md), or
[a service of your own, in any language](how-to/subscribe-from-outside.md).

Records are [CloudEvents 1.0](https://github.com/cloudevents/spec) in Kafka binary mode: the value is the data as JSON, the
attributes are headers. The key is the user id, so the order of one person's records holds within a topic, never between two of
them.

- An **event** tells what happened. It arrives at least once: remember \`ce_id\` together with your effect.
- A **state** record is the whole of what is known, the last one per person is kept for ever: store it when its
  \`version\` is higher than yours. A null value is a tombstone: delete. Skip \`platform.heartbeat.v1\`.
- Fields are only ever added, and optional, which makes the next revision of a type: ignore what you do not know. Anything else is a
  new \`.v2\` beside the old.

| Header                       | What it says                                                                                                     |
| ---------------------------- | ---------------------------------------------------------------------------------------------------------------- |
| \`ce_type\`                    | the wire name, as below                                                                                          |
| \`ce_id\`                      | the same for every copy of a record                                                                              |
| \`ce_subject\`                 | the key: the user id                                                                                             |
| \`ce_time\`                    | when the change was committed                                                                                    |
| \`ce_source\`                  | the service that says so                                                                                         |
| \`ce_version\`                 | counts the changes of one person in the owning service; always there with state |
| \`ce_dataschema\`              | the JSON Schema that the data was written by                                                                     |
| \`ce_specversion\`, \`content-type\` | \`1.0\`, \`application/json\`                                                                                    |
| \`traceparent\`, \`tracestate\`  | W3C trace context of the request behind it                                                                       |
| \`x-replay-for\`               | seldom: the record is repeated for the one consumer group named here; all others skip it                         |
`;

type Contracts = typeof import('@nest-arch/contracts');

/** The catalogue of topics and record types. */
export async function eventsPage(): Promise<string> {
  const contracts = await import('@nest-arch/contracts');
  const topics = Object.values(contracts.topics as Record<string, TopicDefinition>);
  const sections = topics.map((topic) => {
    const own = contracts.events.filter((event: EventDefinition) => event.topic.name === topic.name);
    return [
      topicText(contracts, topic),
      ...own.map((event) => eventText(event, contracts.eventSchema(event))),
    ];
  });
  return [intro, overview(contracts, topics), ...sections.flat()].join('\n');
}

function overview(contracts: Contracts, topics: readonly TopicDefinition[]): string {
  const rows = topics.map((topic) => {
    const link = `[${topic.name}](#${topic.name.replaceAll('.', '')})`;
    const readers = readersOf(contracts, topic);
    return `| ${link} | ${topic.owner} | ${topic.kind} | ${kept(contracts, topic)} | ${readers.join(', ')} |`;
  });
  return `| Topic | Owner | Kind | Kept | Read by |\n| --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`;
}

/** The retention class in a few words. */
function kept({ durationText, retentionOf }: Contracts, topic: TopicDefinition): string {
  const retention = retentionOf(topic);
  return retention.class === 'time' ? durationText(retention.ms) : 'last per user';
}

function readersOf({ broadcasts, subscriptions }: Contracts, topic: TopicDefinition): string[] {
  const reads = ([, read]: [string, readonly TopicDefinition[]]) =>
    read.some((candidate) => candidate.name === topic.name);
  return [
    ...Object.entries(subscriptions)
      .filter(reads)
      .map(([group]) => `\`${group}\``),
    ...Object.entries(broadcasts)
      .filter(reads)
      .map(([app]) => `every process of \`${app}\``),
  ];
}

function topicText(contracts: Contracts, topic: TopicDefinition): string {
  const settings = Object.entries(topic.configs).map(([name, value]) => `\`${name}=${value}\``);
  const readers = readersOf(contracts, topic);
  const lost =
    topic.onLoss === 'skip'
      ? 'A group that comes too late goes on with what is left.'
      : 'A group of ours that comes too late stops until somebody decides.';
  return `## ${topic.name}

- **Kind:** ${topic.kind === 'state' ? 'state' : 'events'} of \`${topic.owner}\`, which alone writes here
- **Key:** ${topic.key}, ${topic.partitions} partition${topic.partitions === 1 ? '' : 's'}
- **Kept:** ${contracts.retentionText(topic)}. ${lost}
- **Read by:** ${readers.length > 0 ? readers.join(', ') : 'nobody yet'}
- **Dead letters:** \`${contracts.deadLetterTopic(topic.name, '<group>')}\`, kept for ${contracts.durationText(topic.dlqRetentionMs)}
- **Settings:** ${settings.join(', ')}
`;
}

function eventText(event: EventDefinition, schema: JsonSchema): string {
  const file = `${event.type}/${event.revision}.json`;
  return `### \`${event.type}\`

${event.summary} Revision ${event.revision}: [JSON Schema](../libs/contracts/schemas/${file}).

| Field | Type | Always |
| --- | --- | --- |
${fieldRows(schema).join('\n')}

\`\`\`json
${JSON.stringify(event.fixture, null, 2)}
\`\`\`
`;
}

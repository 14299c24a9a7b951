import { retentionText } from '../events/retention.js';
import { type TopicDefinition, topics } from '../events/topics.js';
import { contractsVersion } from '../version.js';
import { cloudEventHeaders } from './headers.js';
import { messageNamesOf, messages, payloadSchemas } from './messages.js';
import { operations } from './operations.js';

/** As much of an AsyncAPI 3.0 document as this one has. */
export interface AsyncApiDocument {
  asyncapi: '3.0.0';
  info: object;
  servers: Record<string, object>;
  defaultContentType: string;
  channels: Record<string, object>;
  operations: Record<string, object>;
  components: { schemas: Record<string, object>; messages: Record<string, object> };
}

const description = `Events and state of a user platform. Records are CloudEvents 1.0 in Kafka's binary mode.

- **Events** tell what happened, at least once: remember \`ce_id\` together with your effect.
- **State** topics keep the last record of every person: store it when its version is higher than yours. A null value is a
  tombstone: delete.
- Order holds per key, the user id, within a topic; never between topics.
- Readers ignore fields, headers and types that they do not know. Fields are only ever added, and optional.
- What a group of the platform cannot handle goes to \`<topic>.<group>.dlq\`. Records that come back from there carry
  \`x-replay-for\`.
- An installation may put a prefix of its own before every topic and group name.`;

/** The AsyncAPI 3.0 description of every topic: made from the contracts alone, the same on every call. */
export function asyncApiDocument(): AsyncApiDocument {
  const all = Object.values(topics as Record<string, TopicDefinition>);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'nest-arch events',
      version: contractsVersion,
      description,
      license: { name: 'Apache-2.0', url: 'https://www.apache.org/licenses/LICENSE-2.0' },
    },
    servers: {
      kafka: {
        host: '{brokers}',
        protocol: 'kafka',
        description: 'The Kafka of this installation; npm start prints where the local one listens.',
        variables: { brokers: { default: 'localhost:9092' } },
        bindings: { kafka: { bindingVersion: '0.5.0' } },
      },
    },
    defaultContentType: 'application/json',
    channels: Object.fromEntries(all.map((topic) => [topic.name, channel(topic)])),
    operations: operations(),
    components: {
      schemas: { CloudEventHeaders: cloudEventHeaders, ...payloadSchemas() },
      messages: messages(),
    },
  };
}

function channel(topic: TopicDefinition) {
  const kind = topic.kind === 'state' ? 'State' : 'Events';
  return {
    address: topic.name,
    title: topic.name,
    description: `${kind} of ${topic.owner}, keyed by ${topic.key}. Kept: ${retentionText(topic)}.`,
    servers: [{ $ref: '#/servers/kafka' }],
    messages: Object.fromEntries(
      messageNamesOf(topic).map((name) => [name, { $ref: `#/components/messages/${name}` }]),
    ),
    bindings: {
      kafka: {
        topic: topic.name,
        partitions: topic.partitions,
        topicConfiguration: topicConfiguration(topic),
        bindingVersion: '0.5.0',
      },
    },
    tags: [{ name: topic.owner }, { name: topic.kind }],
  };
}

/** Kafka's settings are text; the binding wants numbers as numbers and the clean-up policy as a list. */
function topicConfiguration({ configs }: TopicDefinition): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(configs).map(([name, value]) => {
      if (name === 'cleanup.policy') return [name, value.split(',')];
      return [name, /^-?\d+$/.test(value) ? Number(value) : value];
    }),
  );
}

import type { EventDefinition, TopicDefinition } from '@nest-arch/contracts';

const intro = `# Events

Generated from \`libs/contracts\` by \`npm run docs\`; checked in CI.

Records are [CloudEvents 1.0](https://github.com/cloudevents/spec) in Kafka binary mode: the value is the data as JSON, the
attributes are headers (\`ce_id\`, \`ce_source\`, \`ce_type\`, \`ce_subject\`, \`ce_time\`, \`ce_dataschema\`, \`ce_version\`,
\`traceparent\`). The key is the user id, so the order of one person's records holds within a topic.

- An **event** tells what happened. It arrives at least once: remember \`ce_id\` together with your effect.
- A **state** record is the whole of what is known, the last one per person is kept for ever: store it when its
  \`version\` is higher than yours. A null value is a tombstone: delete. Skip \`platform.heartbeat.v1\`.
- Fields are only ever added, and optional: ignore what you do not know. Anything else is a new \`.v2\` beside the old.
- Order holds within a topic, never between two of them.
`;

interface JsonSchema {
  properties?: Record<string, JsonSchema>;
  required?: string[];
  type?: string;
  format?: string;
  enum?: string[];
  anyOf?: JsonSchema[];
  items?: JsonSchema;
}

/** The catalogue of topics and record types. */
export async function eventsPage(): Promise<string> {
  const { events, subscriptions, topics } = await import('@nest-arch/contracts');
  const { z } = await import('zod');
  const sections = Object.values(topics as Record<string, TopicDefinition>).map((topic) => {
    const own = events.filter((event: EventDefinition) => event.topic.name === topic.name);
    const readers = Object.entries(subscriptions as Record<string, readonly TopicDefinition[]>)
      .filter(([, read]) => read.some((candidate) => candidate.name === topic.name))
      .map(([group]) => `\`${group}\``);
    return `${topicText(topic, readers)}\n${own.map((event: EventDefinition) => eventText(event, z.toJSONSchema(event.schema) as JsonSchema)).join('\n')}`;
  });
  return `${intro}\n${sections.join('\n')}`;
}

function topicText(topic: TopicDefinition, readers: string[]): string {
  const settings = Object.entries(topic.configs).map(([name, value]) => `\`${name}=${value}\``);
  return `## ${topic.name}

${topic.kind === 'state' ? 'State' : 'Events'}, ${topic.partitions} partition${topic.partitions === 1 ? '' : 's'}. ${settings.join(', ')}.
${readers.length > 0 ? `Read by ${readers.join(', ')}.` : ''}
`;
}

function eventText(event: EventDefinition, schema: JsonSchema): string {
  const rows = Object.entries(schema.properties ?? {}).map(
    ([name, field]) =>
      `| \`${name}\` | ${typeText(field)} | ${schema.required?.includes(name) ? 'yes' : 'no'} |`,
  );
  return `### ${event.type}

${event.summary}

| Field | Type | Always |
| --- | --- | --- |
${rows.join('\n')}

\`\`\`json
${JSON.stringify(event.fixture, null, 2)}
\`\`\`
`;
}

function typeText(field: JsonSchema): string {
  if (field.anyOf) return field.anyOf.map(typeText).join(' or ');
  if (field.enum) return field.enum.map((value) => `\`${value}\``).join(', ');
  if (field.type === 'array') return `list of ${field.items ? typeText(field.items) : 'anything'}`;
  return field.format ? `${field.type} (${field.format})` : (field.type ?? 'any');
}

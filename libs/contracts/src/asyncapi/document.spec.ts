import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from '@jest/globals';
import { asyncApiDocument, events, heartbeatType, subscriptions, topics } from '../index.js';

const document = asyncApiDocument();
type Messages = Record<string, { examples?: { headers: object; payload?: unknown }[] }>;

describe('the AsyncAPI document', () => {
  // The parser of AsyncAPI does not look at examples.
  it('has examples that fit their schemas', () => {
    const ajv = addFormats.default(new Ajv2020({ strict: false }));
    ajv.addSchema(document, 'asyncapi');
    const pointer = (name: string, part: string) => `asyncapi#/components/messages/${name}/${part}`;
    for (const [name, message] of Object.entries(document.components.messages as Messages))
      for (const { headers, payload = null } of message.examples ?? []) {
        ajv.validate(pointer(name, 'headers'), headers);
        ajv.validate(pointer(name, 'payload'), payload);
        expect([name, ajv.errors]).toEqual([name, null]);
        expect(ajv.validate(pointer(name, 'headers'), { ...headers, ce_type: 'another.type.v1' })).toBe(
          false,
        );
      }
  });

  it('has every topic, with its partitions and settings as Kafka has them', () => {
    expect(Object.keys(document.channels)).toEqual(Object.values(topics).map(({ name }) => name));
    expect(document.channels['auth.user.state.v1']).toMatchObject({
      address: 'auth.user.state.v1',
      bindings: {
        kafka: {
          partitions: 8,
          topicConfiguration: { 'cleanup.policy': ['compact'], 'delete.retention.ms': 604_800_000 },
        },
      },
    });
  });

  it('has every type; tombstones and heartbeats where there are any', () => {
    const messagesOf = (topic: string) =>
      Object.keys((document.channels[topic] as { messages: object }).messages);
    for (const { type, topic } of events) expect(messagesOf(topic.name)).toContain(type);
    expect(messagesOf('auth.user.state.v1')).toEqual([
      'auth.user.state.v1',
      'auth.user.state.v1.tombstone',
      heartbeatType,
    ]);
    expect(messagesOf('auth.user.erasures.v1')).toEqual(['auth.user.erasures.v1', heartbeatType]);
    expect(messagesOf('profile.user.events.v1')).not.toContain(heartbeatType);
  });

  it('says who sends and who receives, and where dead letters go', () => {
    expect(document.operations['authSendsUserState']).toMatchObject({ action: 'send' });
    expect(document.operations['profileReceivesUserState']).toMatchObject({
      action: 'receive',
      channel: { $ref: '#/channels/auth.user.state.v1' },
      bindings: { kafka: { groupId: { enum: ['profile'] } } },
      'x-dead-letter-topic': 'auth.user.state.v1.profile.dlq',
    });
    expect(document.operations['gatewayReceivesRevocations']).toMatchObject({ action: 'receive' });
    const read = Object.values(subscriptions).flat().length;
    const received = Object.values(document.operations).filter(
      (operation) => 'x-dead-letter-topic' in operation,
    );
    expect(received).toHaveLength(read);
  });

  it('is the same every time', () => {
    expect(asyncApiDocument()).toEqual(document);
  });
});

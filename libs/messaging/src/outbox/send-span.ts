import { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Link, type Span } from '@opentelemetry/api';
import { brokerErrorType } from '../kafka/kafka-errors.js';
import { linkTo } from '../wire/trace-context.js';
import type { OutboxRow } from './outbox.queries.js';

const tracer = trace.getTracer('@nest-arch/messaging');

// The SDK keeps 128 of a span unless told otherwise.
const mostLinks = 128;

/**
 * One span for a request to Kafka, which carries records of many causes: linked to each, child of none. The records' own
 * headers keep the contexts in which they were made, so the conventions have it of kind CLIENT.
 * https://opentelemetry.io/docs/specs/semconv/messaging/messaging-spans/
 */
export async function inSendSpan<T>(rows: OutboxRow[], send: () => Promise<T>): Promise<T> {
  const topics = new Set(rows.map((row) => row.topic));
  const [topic] = topics;
  const name = topics.size === 1 ? `send ${topic}` : 'send';
  const span = tracer.startSpan(name, { kind: SpanKind.CLIENT, root: true }, ROOT_CONTEXT);
  if (span.isRecording()) describe(span, rows, topics.size === 1 ? topic : undefined);
  try {
    return await send();
  } catch (error) {
    const type = brokerErrorType(error) ?? (error instanceof Error ? error.name : 'Error');
    span.setAttribute('error.type', type);
    span.setStatus({ code: SpanStatusCode.ERROR, message: type });
    throw error;
  } finally {
    span.end();
  }
}

function describe(span: Span, rows: OutboxRow[], topic: string | undefined): void {
  span.setAttributes({
    'messaging.system': 'kafka',
    'messaging.operation.name': 'send',
    'messaging.operation.type': 'send',
    'messaging.batch.message_count': rows.length,
    ...(topic === undefined ? {} : { 'messaging.destination.name': topic }),
  });
  span.addLinks(
    rows
      .slice(0, mostLinks)
      .map(linkOf)
      .filter((link) => link !== undefined),
  );
}

function linkOf({ id, headers }: OutboxRow): Link | undefined {
  const link = linkTo(headers);
  return link && { ...link, attributes: { 'messaging.message.id': id } };
}

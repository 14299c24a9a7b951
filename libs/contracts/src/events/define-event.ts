import { z } from 'zod';
import type { TopicDefinition, TopicKind } from './topics.js';

/** One version of one record on the wire: its name, where it travels, its shape, and an example that is pinned. */
export interface EventDefinition<T = unknown> {
  /** The wire name and CloudEvents `type`, `service.subject.verb.vN`. */
  readonly type: string;
  readonly topic: TopicDefinition;
  readonly kind: TopicKind;
  /** What this version says, for the generated pages. */
  readonly summary: string;
  /** Closed: producers may not send a field that is not declared. */
  readonly schema: z.ZodType<T>;
  /** Open: consumers ignore fields that a newer producer has added. */
  readonly readSchema: z.ZodType<T>;
  /** CloudEvents `dataschema`. */
  readonly dataschema: string;
  /** Parsed by the specs of the producer and of every consumer. */
  readonly fixture: T;
}

export type EventData<E> = E extends EventDefinition<infer T> ? T : never;

const wireName = /^[a-z]+(\.[a-z_]+)+\.v[1-9]\d*$/;

/** Where JSON Schemas of the contracts are published. */
export const schemaBase = 'https://nest-arch.dev/schemas';

/** Declares one version of an event or state record. The type is written out, never derived from a class. */
export function defineEvent<S extends z.ZodRawShape>(definition: {
  type: string;
  topic: TopicDefinition;
  summary: string;
  data: S;
  fixture: z.infer<z.ZodObject<S>>;
}): EventDefinition<z.infer<z.ZodObject<S>>> {
  const { type, topic, summary, data, fixture } = definition;
  if (!wireName.test(type)) throw new Error(`Not a wire name: ${type}`);
  return Object.freeze({
    type,
    topic,
    kind: topic.kind,
    summary,
    schema: z.strictObject(data) as unknown as z.ZodType<z.infer<z.ZodObject<S>>>,
    readSchema: z.object(data) as unknown as z.ZodType<z.infer<z.ZodObject<S>>>,
    dataschema: `${schemaBase}/${type}.json`,
    fixture,
  });
}

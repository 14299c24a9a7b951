import { z } from 'zod';
import { closed } from './closed.js';
import type { TopicDefinition, TopicKind } from './topics.js';

/** One version of one record on the wire: its name, where it travels, its shape, and an example that is pinned. */
export interface EventDefinition<T = unknown> {
  /** The wire name and CloudEvents `type`, `service.subject.verb.vN`. */
  readonly type: string;
  readonly topic: TopicDefinition;
  readonly kind: TopicKind;
  /**
   * Counts the shapes of this version: an optional field that is added makes the next one. Whatever would break a reader
   * needs a new version, and a topic of its own.
   */
  readonly revision: number;
  /** What this version says, for the generated pages. */
  readonly summary: string;
  /** Closed at any depth: producers may not send a field that is not declared. */
  readonly schema: z.ZodType<T>;
  /** Open: consumers ignore fields that a newer producer has added. */
  readonly readSchema: z.ZodType<T>;
  /** CloudEvents `dataschema`: the JSON Schema of this revision, see `eventSchema`. */
  readonly dataschema: string;
  /** Parsed by the specs of the producer and of every consumer. */
  readonly fixture: T;
}

export type EventData<E> = E extends EventDefinition<infer T> ? T : never;

const wireName = /^[a-z]+(\.[a-z_]+)+\.v[1-9]\d*$/;

/** Where JSON Schemas of the contracts are published. */
export const schemaBase = 'https://nest-arch.dev/schemas';

/** Where the JSON Schema of one revision is, and its `$id`. */
export function dataschemaOf(type: string, revision: number): string {
  return `${schemaBase}/${type}/${revision}.json`;
}

/**
 * Declares one version of an event or state record. The type is written out, never derived from a class. `revision` is 1
 * until a field is added. The data keeps to what JSON Schema says the same way everywhere; `eventSchema` has the list.
 */
export function defineEvent<S extends z.ZodRawShape>(definition: {
  type: string;
  topic: TopicDefinition;
  revision?: number;
  summary: string;
  data: S;
  fixture: z.infer<z.ZodObject<S>>;
}): EventDefinition<z.infer<z.ZodObject<S>>> {
  const { type, topic, revision = 1, summary, data, fixture } = definition;
  if (!wireName.test(type)) throw new Error(`Not a wire name: ${type}`);
  const open = z.object(data);
  return Object.freeze({
    type,
    topic,
    kind: topic.kind,
    revision,
    summary,
    schema: closed(open) as unknown as z.ZodType<z.infer<z.ZodObject<S>>>,
    readSchema: open as unknown as z.ZodType<z.infer<z.ZodObject<S>>>,
    dataschema: dataschemaOf(type, revision),
    fixture,
  });
}

/** Name of the dead-letter topic of a group for a topic, without prefix. */
export function deadLetterTopic(topic: string, group: string): string {
  return `${topic}.${group}.dlq`;
}

export interface ServerSentEvent {
  id?: string;
  event: string;
  data: string;
}

/** Reads a server-sent event stream; ends when `signal` aborts or the server closes. Throws on another status than 200. */
export async function* readEvents(
  url: string,
  { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): AsyncGenerator<ServerSentEvent> {
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...headers },
    ...(signal && { signal }),
  });
  if (response.status !== 200 || !response.body) {
    throw new Error(`the stream answered ${response.status}: ${await response.text()}`);
  }
  try {
    yield* eventsIn(response.body);
  } catch (error) {
    if (!signal?.aborted) throw error;
  }
}

async function* eventsIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const blocks = (rest + decoder.decode(chunk, { stream: true })).replaceAll('\r\n', '\n').split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = parse(block);
      if (event) yield event;
    }
  }
}

/** Null for a comment, which only keeps the connection open. */
function parse(block: string): ServerSentEvent | null {
  const lines = block.split('\n').filter((line) => line && !line.startsWith(':'));
  if (lines.length === 0) return null;
  const field = (name: string) =>
    lines
      .filter((line) => line.startsWith(`${name}:`))
      .map((line) => line.slice(name.length + 1).replace(/^ /, ''));
  const [id] = field('id');
  return {
    ...(id !== undefined && { id }),
    event: field('event')[0] ?? 'message',
    data: field('data').join('\n'),
  };
}

import { streamRecord, type StreamRecord } from '@nest-arch/contracts';

/** Follows an inbox as a browser's EventSource would, and keeps what it says. */
export function followInbox(url: string, token: string, lastEventId?: number) {
  const records: StreamRecord[] = [];
  const ids: number[] = [];
  const aborter = new AbortController();
  const opening = fetch(`${url}/v1/notifications/stream`, {
    signal: aborter.signal,
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': String(lastEventId) }),
    },
  });

  async function follow(): Promise<'by us' | 'by the server'> {
    try {
      const response = await opening;
      let rest = '';
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const blocks = (rest + chunk).split('\n\n');
        rest = blocks.pop() ?? '';
        blocks.forEach(keep);
      }
      return 'by the server';
    } catch (error) {
      if (aborter.signal.aborted) return 'by us';
      throw error;
    }
  }

  function keep(block: string): void {
    const match = /^id: (\d+)\ndata: (.*)$/s.exec(block);
    if (!match || aborter.signal.aborted) return;
    ids.push(Number(match[1]));
    records.push(streamRecord.parse(JSON.parse(match[2] ?? '')));
  }

  const opened = opening.then(({ status }) => {
    if (status !== 200) throw new Error(`the stream answered ${status}`);
  });
  const ended = follow();
  opened.catch(() => undefined);
  ended.catch(() => undefined);
  return { records, ids, opened, ended, close: () => aborter.abort() };
}

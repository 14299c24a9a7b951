export interface Answer<T> {
  status: number;
  headers: Headers;
  /** Parsed when the answer is JSON, else the text. */
  body: T;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a spec reads answers of many shapes, and asserts what it reads
type Json = any;

export interface RequestOptions {
  token?: string;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, for wrong bodies; set the content type in `headers`. */
  raw?: string | Uint8Array<ArrayBuffer>;
  timeoutMs?: number;
}

/** A plain client for specs: throws on no status, follows no redirect. */
export class HttpClient {
  readonly baseUrl: string;
  private readonly defaults: RequestOptions;

  constructor(baseUrl: string, defaults: RequestOptions = {}) {
    this.baseUrl = baseUrl.replace(/\/$/, '');
    this.defaults = defaults;
  }

  /** The same client, signed in. */
  as(token: string): HttpClient {
    return new HttpClient(this.baseUrl, { ...this.defaults, token });
  }

  get<T = Json>(path: string, options?: RequestOptions) {
    return this.request<T>('GET', path, options);
  }

  post<T = Json>(path: string, json?: unknown, options?: RequestOptions) {
    return this.request<T>('POST', path, { ...options, json });
  }

  patch<T = Json>(path: string, json: unknown, options?: RequestOptions) {
    return this.request<T>('PATCH', path, { ...options, json });
  }

  delete<T = Json>(path: string, options?: RequestOptions) {
    return this.request<T>('DELETE', path, options);
  }

  async request<T = Json>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const { timeoutMs = 15_000 } = options;
    const response = await fetch(this.baseUrl + path, {
      ...requestInit({
        ...this.defaults,
        ...options,
        headers: { ...this.defaults.headers, ...options.headers },
      }),
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await response.text();
    const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '');
    return {
      status: response.status,
      headers: response.headers,
      body: (isJson && text ? JSON.parse(text) : text) as T,
    };
  }
}

function requestInit({ token, json, raw, headers }: RequestOptions): RequestInit {
  const body = raw ?? (json === undefined ? undefined : JSON.stringify(json));
  return {
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body }),
  };
}

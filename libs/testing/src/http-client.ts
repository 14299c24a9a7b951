export interface Answer<T> {
  status: number;
  headers: Headers;
  /** Parsed when the answer is JSON, else the text. */
  body: T;
}

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

  get<T = any>(path: string, options?: RequestOptions) {
    return this.request<T>('GET', path, options);
  }

  post<T = any>(path: string, json?: unknown, options?: RequestOptions) {
    return this.request<T>('POST', path, { ...options, json });
  }

  patch<T = any>(path: string, json: unknown, options?: RequestOptions) {
    return this.request<T>('PATCH', path, { ...options, json });
  }

  delete<T = any>(path: string, options?: RequestOptions) {
    return this.request<T>('DELETE', path, options);
  }

  async request<T = any>(method: string, path: string, options: RequestOptions = {}): Promise<Answer<T>> {
    const { token, timeoutMs = 15_000, json, raw } = { ...this.defaults, ...options };
    const headers: Record<string, string> = {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(json !== undefined && { 'content-type': 'application/json' }),
      ...this.defaults.headers,
      ...options.headers,
    };
    const body = raw ?? (json === undefined ? undefined : JSON.stringify(json));
    const response = await fetch(this.baseUrl + path, {
      method,
      headers,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      ...(body !== undefined && { body }),
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

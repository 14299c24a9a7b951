import type { Language } from './languages.js';

/** ICU messages of a mail; text and HTML are both made from them. Plain text: the layout escapes everything. */
export interface MailTexts {
  subject: string;
  heading: string;
  paragraphs: readonly string[];
  /** Label of the button that opens `url`. */
  action?: string;
  /** Below the button. */
  after?: readonly string[];
  /** Why the person gets this mail. */
  reason: string;
}

/** ICU messages of an inbox item. */
export interface InboxTexts {
  title: string;
  body: string;
}

/** One type of message with its texts in every language, for the channels that it may take. */
export interface Template {
  /** Stored with each message and shown to clients; never renamed. */
  readonly type: string;
  readonly mail?: Readonly<Record<Language, MailTexts>>;
  readonly inbox?: Readonly<Record<Language, InboxTexts>>;
}

/** What the texts may name. `named` says whether there is a name to greet with. */
export interface TextValues {
  product: string;
  name?: string | null;
  /** Rounded up, for "expires in". */
  hours?: number;
}

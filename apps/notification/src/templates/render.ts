import { templateOf } from './catalogue.js';
import { formatText } from './format.js';
import type { Language } from './languages.js';
import { toHtml, toText, type MailContent } from './layout.js';
import type { TextValues } from './template.js';

export interface RenderedMail {
  subject: string;
  text: string;
  html: string;
}

export interface MailInput {
  type: string;
  language: Language;
  values: TextValues;
  /** What the button opens, for types that have one. */
  url?: string | undefined;
}

/** Null when this release has no mail of this type. */
export function renderMail({ type, language, values, url }: MailInput): RenderedMail | null {
  const texts = templateOf(type)?.mail?.[language];
  if (!texts) return null;
  const fill = (text: string) => formatText(text, language, values);
  const content: MailContent = {
    language,
    subject: singleLine(fill(texts.subject)),
    heading: fill(texts.heading),
    paragraphs: texts.paragraphs.map(fill),
    action: texts.action && url ? { label: fill(texts.action), url } : undefined,
    after: (texts.after ?? []).map(fill),
    reason: fill(texts.reason),
    product: values.product,
  };
  return { subject: content.subject, text: toText(content), html: toHtml(content) };
}

/** An item of an unknown type still has a place in the list: its type as the title, and no text. */
export function renderInboxItem(
  type: string,
  language: Language,
  values: TextValues,
): { title: string; body: string } {
  const texts = templateOf(type)?.inbox?.[language];
  if (!texts) return { title: type, body: '' };
  return {
    title: formatText(texts.title, language, values),
    body: formatText(texts.body, language, values),
  };
}

// A line break in a header would begin the next header.
function singleLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, ' ').trim();
}

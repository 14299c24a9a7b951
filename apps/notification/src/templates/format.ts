import { IntlMessageFormat } from 'intl-messageformat';
import type { Language } from './languages.js';
import type { TextValues } from './template.js';

const compiled = new Map<string, IntlMessageFormat>();

/** Fills an ICU message. Answers plain text; whoever puts it into HTML escapes it. */
export function formatText(text: string, language: Language, values: TextValues): string {
  const key = `${language}\0${text}`;
  let message = compiled.get(key);
  if (!message) {
    // `ignoreTag`: an angle bracket is a character, not markup.
    message = new IntlMessageFormat(text, language, undefined, { ignoreTag: true });
    compiled.set(key, message);
  }
  const name = values.name ? tidyName(values.name) : '';
  return String(message.format({ ...values, name, named: name ? 'yes' : 'no' }));
}

const longestName = 80;
// Controls and line separators would forge lines; bidirectional overrides would turn the rest of the sentence around.
const unsafe = /[\p{Cc}\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu;
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]|[\u{10800}-\u{10fff}]|[\u{1e800}-\u{1efff}]/u;

/** A name as it may stand inside a sentence: one line, of bounded length, its direction kept to itself. */
export function tidyName(name: string): string {
  const line = name.replace(unsafe, ' ').replace(/\s+/g, ' ').trim();
  const characters = [...line];
  const short = characters.length > longestName ? `${characters.slice(0, longestName - 1).join('')}…` : line;
  return rightToLeft.test(short) ? `\u2068${short}\u2069` : short;
}

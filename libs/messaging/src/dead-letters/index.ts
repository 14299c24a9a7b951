export { idOf, parseId, type DeadLetter, type Position, type Resolution } from './dead-letter.js';
export { DeadLetters, DeadLettersTimeoutError, type DeadLettersOptions } from './dead-letters.js';
export type { DeadLetterPage, DeadLetterQuery } from './query.js';
export { maskHeaders, maskKey, maskPersonal } from './mask-personal.js';

export { idOf, parseId, type DeadLetter, type Position, type Resolution } from './dead-letter.js';
export {
  DeadLetters,
  DeadLettersTimeoutError,
  type DeadLetterPage,
  type DeadLetterQuery,
  type DeadLettersOptions,
} from './dead-letters.js';
export { maskPersonal } from './mask-personal.js';

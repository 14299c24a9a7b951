// The name is part of the contracts: who runs a broker with access control, or reads from outside, needs it as well.
export { deadLetterTopic } from '@nest-arch/contracts';

import { defineErrors } from '@nest-arch/platform';

export const deadLetterErrors = defineErrors({
  notFound: {
    code: 'dead_letters.not_found',
    status: 404,
    title: 'No dead letter of this service is open under this id',
  },
  gone: {
    code: 'dead_letters.record_gone',
    status: 409,
    title:
      'The record cannot be had again, or the letter is not one that this platform wrote; it can only be dropped',
  },
  unavailable: {
    code: 'dead_letters.unavailable',
    status: 503,
    title: 'Kafka does not answer; nothing is lost, and the request may be repeated',
  },
});

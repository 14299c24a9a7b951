/** `@nest-arch/messaging/offsets`: where groups stand, for commands. */
export { isStranded, lostRecords, type Standing } from '../consumer/lost-records.js';
export { listOffsets, OffsetsError, type GroupOptions } from './group-offsets.js';

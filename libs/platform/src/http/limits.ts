/** Bytes of all headers of a request together; more is a 431. */
export const maxHeaderSize = 16 * 1024;

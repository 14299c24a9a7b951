import { Injectable } from '@nestjs/common';

/** Where the time comes from; tests put another one in its place. */
export abstract class Clock {
  abstract now(): Date;
}

@Injectable()
export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

import { Module } from '@nestjs/common';
import { ActivityConsumer } from './activity.consumer.js';
import { ErasureConsumer } from './erasure.consumer.js';
import { SummaryController } from './summary.controller.js';

/** Daily counts, fed by events about people and their sessions. */
@Module({ controllers: [SummaryController, ActivityConsumer, ErasureConsumer] })
export class ActivityModule {}

import { DailyActive } from './activity/daily-active.entity.js';
import { DailyCount } from './activity/daily-count.entity.js';

export const entities = [DailyActive, DailyCount];

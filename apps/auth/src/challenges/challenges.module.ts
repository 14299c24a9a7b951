import { Module } from '@nestjs/common';
import { ChallengeCipher } from './challenge-cipher.js';
import { Challenges } from './challenges.js';

@Module({ providers: [ChallengeCipher, Challenges], exports: [Challenges] })
export class ChallengesModule {}

import { Global, Module } from '@nestjs/common';
import { AccessTokens } from './access-tokens.js';
import { KeysController } from './keys.controller.js';
import { SigningKeys } from './signing-keys.js';

/** Global: the access guard of the platform checks tokens by these keys. */
@Global()
@Module({
  controllers: [KeysController],
  providers: [SigningKeys, AccessTokens],
  exports: [SigningKeys, AccessTokens],
})
export class KeysModule {}

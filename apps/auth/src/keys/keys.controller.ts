import { jwks } from '@nest-arch/contracts';
import { Access, ApiDoc } from '@nest-arch/platform';
import { Controller, Get, Header } from '@nestjs/common';
import { SigningKeys } from './signing-keys.js';

@Controller()
export class KeysController {
  constructor(private readonly keys: SigningKeys) {}

  @Get('.well-known/jwks.json')
  @Access('public')
  @ApiDoc({ summary: 'Public keys of access tokens', response: jwks })
  // A key is published well before it signs, so five minutes of age are harmless.
  @Header('cache-control', 'public, max-age=300')
  list() {
    return this.keys.publicJwks;
  }
}

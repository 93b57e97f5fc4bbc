// kairank in a NestJS 11 app on Fastify; see README.md.
import 'reflect-metadata';
import { Inject, Module, type OnApplicationShutdown } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Engine } from 'kairank';
import { kairankPlugin } from 'kairank/fastify';

@Module({
  // Whatever asks for an Engine gets this one.
  providers: [{ provide: Engine, useFactory: () => Engine.open(process.env.SHOP ?? './shop') }],
  exports: [Engine],
})
class ShopModule implements OnApplicationShutdown {
  @Inject(Engine) private readonly engine!: Engine;

  /** Comes after the server has closed, so that requests in flight have their engine. */
  async onApplicationShutdown(): Promise<void> {
    await this.engine.close();
  }
}

const app = await NestFactory.create<NestFastifyApplication>(ShopModule, new FastifyAdapter());
app.enableShutdownHooks();
await app.register(kairankPlugin, { engine: app.get(Engine), prefix: '/kairank' });
await app.listen(3000, '127.0.0.1');

// kairank in an Express 5 app: npm install express kairank, then node express.mjs ./shop
import express from 'express';
import { Engine } from 'kairank';
import { createHandler } from 'kairank/fastify';

const engine = await Engine.open(process.argv[2] ?? './shop');
const ranking = await createHandler(engine, { rateLimit: { max: 6000 } });

const app = express();
// Before express.json(): kairank reads bodies itself, streams of lines among them.
app.use('/kairank', ranking);
app.use(express.json());
app.get('/', async (request, response) => {
  // In the same process the engine itself is nearer than its HTTP API.
  const { items } = await engine.recommend({ user: String(request.query.user), k: 10 });
  response.json(items.map(({ id }) => id));
});

const server = app.listen(3000, '127.0.0.1');
process.once('SIGTERM', () => {
  server.close(async () => {
    await ranking.close();
    await engine.close();
  });
});

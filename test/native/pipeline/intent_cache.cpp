// The cache of intents against working each out anew.

#include "../../../native/pipeline/intent_cache.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "../check.h"
#include "../learn/shop.h"

using namespace kairank;

namespace {

constexpr uint32_t kItems = 60;

IntentEncoder encoderOf(uint64_t seed) {
  Random random(seed);
  return IntentEncoder(std::make_shared<SequenceModel>(randomSequence(random, kItems)));
}

HistoryEvent randomEvent(Random& random, double at) {
  return {random.below(6) == 0 ? kNoRow : static_cast<uint32_t>(random.below(kItems)), 0, 0, 1, at};
}

/// Asks the cache and checks the answer; returns the steps it took.
uint64_t ask(IntentCache& cache, const IntentEncoder& encoder, uint32_t user, const std::vector<HistoryEvent>& events) {
  IntentScratch scratch;
  const size_t dim = encoder.model().config.dim;
  std::vector<float> found(dim, 9.0f);
  std::vector<float> expected(dim);
  const uint64_t before = cache.steps();
  const bool known = cache.intent(encoder, user, events.data(), events.size(), scratch, found.data());
  CHECK(known == encoder.encode(events.data(), events.size(), scratch, expected.data()));
  for (size_t d = 0; d < dim; d++) CHECK(std::fabs(found[d] - expected[d]) < 1e-4f * (1 + std::fabs(expected[d])));
  return cache.steps() - before;
}

}  // namespace

int main() {
  check::test("one more event costs one step", [] {
    const IntentEncoder encoder = encoderOf(1);
    IntentCache cache;
    Random random(2);
    std::vector<HistoryEvent> events;
    ask(cache, encoder, 7, events);
    for (int i = 0; i < 60; i++) {
      events.push_back(randomEvent(random, i));
      const uint64_t steps = ask(cache, encoder, 7, events);
      CHECK_THAT(steps == (events.back().row == kNoRow ? 0 : 1), "event " << i << " took " << steps);
      CHECK(ask(cache, encoder, 7, events) == 0);
    }
    for (int i = 60; i < 70; i++) events.push_back(randomEvent(random, i));
    CHECK(ask(cache, encoder, 7, events) <= 10);
  });
  check::test("a history that changed is looked at anew", [] {
    const IntentEncoder encoder = encoderOf(1);
    IntentCache cache;
    Random random(3);
    std::vector<HistoryEvent> events;
    for (int i = 0; i < 30; i++) events.push_back({static_cast<uint32_t>(random.below(kItems)), 0, 0, 1, 10.0 * i});
    ask(cache, encoder, 1, events);
    // A late event finds its place before the last ones.
    events.insert(events.end() - 3, {5, 0, 0, 1, 265});
    CHECK(ask(cache, encoder, 1, events) > 1);
    events[events.size() - 2].weight = -1;
    ask(cache, encoder, 1, events);
    events.resize(4);
    CHECK(ask(cache, encoder, 1, events) == 4);
    events.clear();
    ask(cache, encoder, 1, events);
    // Many alike.
    for (int i = 0; i < 40; i++) {
      events.push_back({2, 0, 0, 1, 5});
      ask(cache, encoder, 1, events);
    }
  });
  check::test("shoppers and models are kept apart", [] {
    const IntentEncoder one = encoderOf(1);
    const IntentEncoder two = encoderOf(2);
    IntentCache cache;
    Random random(4);
    std::vector<std::vector<HistoryEvent>> histories(40);
    for (int turn = 0; turn < 400; turn++) {
      const uint32_t user = static_cast<uint32_t>(random.below(histories.size()));
      histories[user].push_back(randomEvent(random, turn));
      ask(cache, random.below(4) == 0 ? two : one, user, histories[user]);
    }
  });
  check::test("what is kept is bounded", [] {
    const IntentEncoder encoder = encoderOf(1);
    IntentCache cache(16 * 4000);  // about two shoppers a shard
    Random random(5);
    std::vector<HistoryEvent> events;
    for (int i = 0; i < 12; i++) events.push_back({static_cast<uint32_t>(random.below(kItems)), 0, 0, 1, 1.0 * i});
    for (uint32_t user = 0; user < 200; user++) ask(cache, encoder, user, events);
    CHECK(ask(cache, encoder, 199, events) == 0);
    CHECK(ask(cache, encoder, 0, events) > 0);
  });
  check::test("asked by many threads", [] {
    const IntentEncoder encoder = encoderOf(1);
    IntentCache cache(16 * 20000);
    std::vector<std::thread> threads;
    for (uint64_t t = 0; t < 4; t++) {
      threads.emplace_back([&, t] {
        Random random(t);
        IntentScratch scratch;
        std::vector<float> found(encoder.model().config.dim), expected(found.size());
        std::vector<HistoryEvent> events;
        for (int i = 0; i < 200; i++) {
          events.push_back(randomEvent(random, i));
          const uint32_t user = static_cast<uint32_t>(random.below(20));
          cache.intent(encoder, user, events.data(), events.size(), scratch, found.data());
          encoder.encode(events.data(), events.size(), scratch, expected.data());
          for (size_t d = 0; d < found.size(); d++) CHECK(std::fabs(found[d] - expected[d]) < 1e-3f);
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  });
  return check::finish();
}
